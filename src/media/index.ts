export { MediaModule } from './media.module.js';
export { Viewer, ViewerFactory, type ViewerObserver, type ViewerStats } from './viewer.js';
export { type ConnectionState } from './webrtc/index.js';
