import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

import type { LogFields } from './log-line.js';

/** Stands for itself in a log line, in a header and in a URN (RFC 8141 section 2). */
const REQUEST_ID = /^[\w.:=@+~-]{1,128}$/u;
const NONE: LogFields = {};

const storage = new AsyncLocalStorage<LogFields>();

/**
 * The id of a request: what the client or a proxy sent as `X-Request-Id`, when it is at most 128 letters, digits and `. _ : = @ + ~ -`; else a new
 * one, as if nothing had been sent.
 */
export function requestIdOf({ headers }: { readonly headers: IncomingHttpHeaders }): string {
  const sent = headers['x-request-id'];
  return typeof sent === 'string' && REQUEST_ID.test(sent) ? sent : randomUUID();
}

/** Runs something in the course of a request: what is logged meanwhile, and in whatever it sets off, has the id. */
export function inRequest(requestId: string, run: () => void): void {
  storage.run({ request_id: requestId }, run);
}

/** What a line written now has to tell of its request. */
export function requestFields(): LogFields {
  return storage.getStore() ?? NONE;
}
