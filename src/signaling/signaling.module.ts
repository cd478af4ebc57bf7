import { Module } from '@nestjs/common';
import { IceModule } from '../ice/index.js';
import { SessionsModule } from '../sessions/index.js';
import { IceServersController } from './ice-servers.controller.js';
import { TracingModule } from '../tracing/index.js';
import { SessionOpener } from './session-opener.js';
import { SessionsController } from './sessions.controller.js';
import { WebRtcController } from './webrtc.controller.js';
import { WhepController } from './whep/whep.controller.js';

@Module({
  imports: [IceModule, SessionsModule, TracingModule],
  controllers: [WebRtcController, SessionsController, IceServersController, WhepController],
  providers: [SessionOpener],
})
export class SignalingModule {}
