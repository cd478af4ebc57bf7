import { Module } from '@nestjs/common';
import { SessionsModule } from '../sessions/index.js';
import { IdleMemory } from './idle-memory.service.js';

@Module({ imports: [SessionsModule], providers: [IdleMemory], exports: [IdleMemory] })
export class MemoryModule {}
