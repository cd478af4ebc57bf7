export { CLOSE_REASONS, type CloseReason } from './close-reason.js';
export { MaxSessionsGuard, ReservedSlot } from './max-sessions.guard.js';
export { SessionRegistry, type SessionStatistics } from './session-registry.service.js';
export { SESSION_ID, SESSION_ID_RULE } from './session-id.js';
export { SlotLease } from './session-slots.service.js';
export { SessionService, type SessionOffer, type SessionStatus } from './session.service.js';
export { SESSION_STATES, type SessionState } from './session-state.js';
export { SessionsModule } from './sessions.module.js';
