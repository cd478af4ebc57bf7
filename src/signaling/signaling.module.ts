import { Module } from '@nestjs/common';
import { SessionsModule } from '../sessions/index.js';
import { SessionsController } from './sessions.controller.js';
import { WebRtcController } from './webrtc.controller.js';

@Module({
  imports: [SessionsModule],
  controllers: [WebRtcController, SessionsController],
})
export class SignalingModule {}
