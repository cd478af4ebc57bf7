import { Injectable } from '@nestjs/common';

import { ServiceFigures, toFrameLedgerDto, toStageLatenciesDto } from '../sessions/index.js';
import { EventLoopDelay, type LoopDelay } from './event-loop-delay.js';
import { ServiceMetricsDto, type EventLoopDelayDto, type ProcessDto } from './service-metrics.dto.js';
import { ServiceStatus } from './service-status.js';

/** Puts the figures of the service into the words of the API. */
@Injectable()
export class ServiceMetrics {
  constructor(
    private readonly figures: ServiceFigures,
    private readonly status: ServiceStatus,
    private readonly loopDelay: EventLoopDelay,
  ) {}

  /** The figures as they are now. */
  take(): ServiceMetricsDto {
    const { figures, status } = this;
    return {
      timestamp: new Date().toISOString(),
      uptime_seconds: Math.round(process.uptime() * 1000) / 1000,
      ...status.sessionCounts(),
      sessions_opened: figures.sessionsOpened,
      sessions_closed: figures.sessionsClosed,
      offers: figures.offerResults,
      frames: toFrameLedgerDto(figures.frames),
      latency: toStageLatenciesDto(figures.latencies.summaries()),
      event_loop_delay_ms: toEventLoopDelayDto(this.loopDelay.lately),
      process: processUsage(),
      workers: status.workers(),
    };
  }
}

function toEventLoopDelayDto({ p50Ms, p99Ms, maxMs, windowSeconds }: LoopDelay): EventLoopDelayDto {
  const rounded = (value: number): number => Math.round(value * 1000) / 1000;
  return { p50: rounded(p50Ms), p99: rounded(p99Ms), max: rounded(maxMs), window_seconds: rounded(windowSeconds) };
}

function processUsage(): ProcessDto {
  const { user, system } = process.cpuUsage();
  return { resident_bytes: process.memoryUsage.rss(), cpu_seconds: (user + system) / 1e6 };
}
