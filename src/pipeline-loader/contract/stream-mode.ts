/** The two protocols of a service; the words of `stream_mode` on the wire. */
export type StreamMode = 'server_push' | 'bidirectional';

const BIDIRECTIONAL_METHODS = ['createSession', 'pushChunk', 'pullChunks', 'closeSession'] as const;

/** Either the protocol a service speaks, or one sentence about what it lacks. */
export type ModeDetection = { readonly mode: StreamMode } | { readonly problem: string };

/**
 * Which protocol a service object speaks. It is bidirectional when it has all four methods, server push when it has `serve`; with
 * both, bidirectional wins. Inherited methods count.
 */
export function detectStreamMode(service: unknown): ModeDetection {
  if (typeof service !== 'object' || service === null) {
    return { problem: `getService() returned ${service === null ? 'null' : typeof service}, not a service object` };
  }
  const has = (method: string): boolean => typeof (service as Record<string, unknown>)[method] === 'function';
  const missing = BIDIRECTIONAL_METHODS.filter((method) => !has(method));
  if (missing.length === 0) return { mode: 'bidirectional' };
  if (has('serve')) return { mode: 'server_push' };
  if (missing.length < BIDIRECTIONAL_METHODS.length) {
    return { problem: `the service is bidirectional in part: it lacks ${missing.join(', ')}` };
  }
  return {
    problem:
      'the service has neither serve (server push) nor createSession, pushChunk, pullChunks and closeSession (bidirectional)',
  };
}
