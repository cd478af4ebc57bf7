export { EventLoopDelay } from './event-loop-delay.js';
export { HealthModule } from './health.module.js';
export { ProbeChecks } from './probe-checks.js';
export { ProbesController } from './probes.controller.js';
