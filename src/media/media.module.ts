import { Module } from '@nestjs/common';
import { AudioTrackFactory } from './audio-track.js';
import { ChunkRouterFactory } from './chunk-router.js';
import { FrameTrackFactory } from './frame-track.js';
import { VIDEO_ENCODERS_PROVIDER, VideoEncoders } from './video-encoders.js';
import { ViewerFactory } from './viewer.js';

@Module({
  providers: [AudioTrackFactory, ChunkRouterFactory, FrameTrackFactory, VIDEO_ENCODERS_PROVIDER, ViewerFactory],
  exports: [VideoEncoders, ViewerFactory],
})
export class MediaModule {}
