export type { ChunkMark, DropReason, FrameCounts, FrameTimes } from './frame-track.js';
export { MediaModule } from './media.module.js';
export { VideoEncoders } from './video-encoders.js';
export { Viewer, ViewerFactory, type ViewerObserver, type ViewerStats } from './viewer.js';
export { NoCandidateError, type ConnectionState } from './webrtc/index.js';
