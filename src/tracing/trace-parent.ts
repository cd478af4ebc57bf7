/** The span that a request continues. */
export interface TraceParent {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceFlags: number;
}

const TRACE_PARENT =
  /^(?!ff)[\da-f]{2}-(?!0{32})(?<traceId>[\da-f]{32})-(?!0{16})(?<spanId>[\da-f]{16})-(?<flags>[\da-f]{2})(?<more>-.*)?$/u;

/** Reads the header `traceparent` (W3C Trace Context, section 3.2); undefined when there is none, or one that has to be ignored. */
export function parseTraceParent(header: string | undefined): TraceParent | undefined {
  const { traceId, spanId, flags = '', more } = TRACE_PARENT.exec(header ?? '')?.groups ?? {};
  // Only a version after the first may have more fields.
  if (traceId === undefined || spanId === undefined || (more !== undefined && header?.startsWith('00'))) return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) };
}
