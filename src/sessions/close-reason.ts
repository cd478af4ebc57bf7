/** Why a session ended: the same word in the log, the API and the data channel. */
export const CLOSE_REASONS = [
  /** The client sent `{"type":"stop"}`. */
  'client_stop',
  /** A DELETE. */
  'client_delete',
  /** The client closed its data channel (bidirectional). */
  'channel_closed',
  /** The client closed its peer connection. */
  'connection_closed',
  /** ICE or DTLS gave up. */
  'connection_failed',
  /** The connection was lost for longer than the grace. */
  'disconnected',
  /** No connection within the connect timeout. */
  'connect_timeout',
  /** No `telefuser` channel within its timeout (bidirectional). */
  'channel_timeout',
  /** The HTTP client went away before it got its answer. */
  'offer_abandoned',
  /** The pipeline ended its stream. */
  'completed',
  /** The pipeline threw. */
  'pipeline_failed',
  /** The pipeline's process ended. */
  'pipeline_crashed',
  /** The server was asked to end, and the time that sessions had to end by themselves is over. */
  'drain_deadline',
  /** The server stops. */
  'server_shutdown',
] as const;

export type CloseReason = (typeof CLOSE_REASONS)[number];
