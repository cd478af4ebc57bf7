/** The trace of one offer, from its request to the first picture of its session. Every method is harmless when nothing is traced. */
export interface OfferTrace {
  /** For log lines; empty when nothing is traced. */
  readonly logFields: { readonly trace_id?: string };
  /** Does a part of the work as a span of its own, which ends with it. */
  during<Result>(name: 'image' | 'pipeline.open' | 'negotiation', work: () => Promise<Result>): Promise<Result>;
  /** The offer failed; ends the trace. */
  refused(error: unknown): void;
  /** The answer is made: the wait for the connection and for the first picture begins. */
  answered(sessionId: string, mode: string): void;
  /** The client is connected. */
  connected(): void;
  /** The pipeline yielded its first chunk. */
  chunkYielded(): void;
  /** The first picture left; `performance.now()`. */
  frameSent(sentAtMs: number): void;
  /** The session is over: what still waited, waited in vain. */
  closed(reason: string): void;
}

/** For an offer that nobody traces. */
export const NO_TRACE: OfferTrace = {
  logFields: {},
  during: (_name, work) => work(),
  refused: () => undefined,
  answered: () => undefined,
  connected: () => undefined,
  chunkYielded: () => undefined,
  frameSent: () => undefined,
  closed: () => undefined,
};
