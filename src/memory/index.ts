export { IdleMemory } from './idle-memory.service.js';
export { MemoryModule } from './memory.module.js';
