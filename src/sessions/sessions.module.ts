import { Module } from '@nestjs/common';
import { MediaModule } from '../media/index.js';
import { Drain } from './drain.service.js';
import { MaxSessionsGuard } from './max-sessions.guard.js';
import { ServiceFigures } from './service-figures.service.js';
import { SessionRegistry } from './session-registry.service.js';
import { SessionSlots } from './session-slots.service.js';
import { SessionService } from './session.service.js';

@Module({
  imports: [MediaModule],
  providers: [Drain, MaxSessionsGuard, ServiceFigures, SessionRegistry, SessionService, SessionSlots],
  exports: [Drain, MaxSessionsGuard, ServiceFigures, SessionRegistry, SessionService, SessionSlots],
})
export class SessionsModule {}
