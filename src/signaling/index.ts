export { SignalingModule } from './signaling.module.js';
