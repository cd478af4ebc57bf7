import { Module } from '@nestjs/common';
import { ImagesModule } from '../images/index.js';
import { MediaModule } from '../media/index.js';
import { Drain } from './drain.service.js';
import { MaxSessionsGuard } from './max-sessions.guard.js';
import { OfferTermsService } from './offer-terms.service.js';
import { ServiceFigures } from './service-figures.service.js';
import { SessionRegistry } from './session-registry.service.js';
import { SessionSlots } from './session-slots.service.js';
import { SessionService } from './session.service.js';

@Module({
  imports: [ImagesModule, MediaModule],
  providers: [Drain, MaxSessionsGuard, OfferTermsService, ServiceFigures, SessionRegistry, SessionService, SessionSlots],
  exports: [Drain, MaxSessionsGuard, ServiceFigures, SessionRegistry, SessionService, SessionSlots],
})
export class SessionsModule {}
