export { HealthModule } from './health.module.js';
export { ProbesController } from './probes.controller.js';
export { ServiceStatus } from './service-status.js';
