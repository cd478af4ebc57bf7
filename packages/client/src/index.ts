export { connect } from './connect.js';
export { fetchHealth, fetchMetadata, type ServiceHealth, type ServiceMetadata } from './service.js';
export { controlByKeys, type KeyboardOptions, type KeyController, type KeySet } from './keyboard.js';
export { StreamError, type ProblemDocument, type StreamErrorCode } from './stream-error.js';
export type { AppliedControl, Control, ControlOptions } from './controls.js';
export type {
  ConnectOptions,
  Credential,
  InputSource,
  LogEntry,
  LogEvent,
  ReconnectOptions,
  ServerOptions,
  SessionParameters,
} from './options.js';
export type {
  ChunkMessage,
  ClosedMessage,
  ControlId,
  DoneMessage,
  ErrorMessage,
  GoingAwayMessage,
  ServerMessage,
} from './server-messages.js';
export type {
  DisplayedFrame,
  ShownControl,
  StreamEnd,
  StreamEvents,
  StreamMode,
  StreamSession,
  StreamState,
} from './stream-session.js';
export type {
  ControlStats,
  Delay,
  LatencyStage,
  NetworkPath,
  ReceivedAudio,
  ReceivedVideo,
  SentMedia,
  ServerStats,
  StageLatency,
  StreamStats,
} from './stream-stats.js';
