export { NO_TRACE, type OfferTrace } from './offer-trace.js';
export { Tracing } from './tracing.js';
export { TracingModule } from './tracing.module.js';
