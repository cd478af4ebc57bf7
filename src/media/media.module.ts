import { Module } from '@nestjs/common';
import { IceModule } from '../ice/index.js';
import { AudioTrackFactory } from './audio-track.js';
import { ChunkRouterFactory } from './chunk-router.js';
import { FrameTrackFactory } from './frame-track.js';
import { IcePaths } from './ice-paths.js';
import { VIDEO_ENCODERS_PROVIDER, VideoEncoders } from './video-encoders.js';
import { ViewerFactory } from './viewer.js';

@Module({
  imports: [IceModule],
  providers: [AudioTrackFactory, ChunkRouterFactory, FrameTrackFactory, IcePaths, VIDEO_ENCODERS_PROVIDER, ViewerFactory],
  exports: [VideoEncoders, ViewerFactory],
})
export class MediaModule {}
