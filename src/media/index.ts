export { MediaModule } from './media.module.js';
export { type QueuePolicy } from './media-timeline.js';
export { Viewer, ViewerFactory, type ViewerObserver, type ViewerStats } from './viewer.js';
export { type ConnectionState } from './webrtc/index.js';
