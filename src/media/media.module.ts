import { Module } from '@nestjs/common';
import { AudioTrackFactory } from './audio-track.js';
import { ChunkRouterFactory } from './chunk-router.js';
import { FrameTrackFactory } from './frame-track.js';
import { ViewerFactory } from './viewer.js';

@Module({
  providers: [AudioTrackFactory, ChunkRouterFactory, FrameTrackFactory, ViewerFactory],
  exports: [ViewerFactory],
})
export class MediaModule {}
