import { CONTENT_TYPES, negotiateFormat } from './exposition/index.js';
import type { Metrics } from './metrics.js';

/** The little of a Fastify reply that a scrape needs. */
export interface HeaderReply {
  header(name: string, value: string): unknown;
}

/** Answers a scrape in the format that was asked for. */
export function answerScrape(metrics: Metrics, accept: string | undefined, reply: HeaderReply): string {
  const format = negotiateFormat(accept);
  reply.header('content-type', CONTENT_TYPES[format]);
  reply.header('cache-control', 'no-store');
  reply.header('vary', 'Accept');
  return metrics.render(format);
}
