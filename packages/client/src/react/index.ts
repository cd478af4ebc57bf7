export { useStream, type ClientState, type StreamHandle, type UseStreamOptions } from './use-stream.js';
export { TelefuserStream, type TelefuserStreamProps } from './telefuser-stream.js';
