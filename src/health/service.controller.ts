import { Controller, Get, Header, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiServiceUnavailableResponse, ApiTags } from '@nestjs/swagger';

import { ApiProblems } from '../common/index.js';
import { Access, ACCESS_PROBLEMS } from '../identity/index.js';
import { ServiceHealthDto } from './service-health.dto.js';
import { ServiceMetadataDto } from './service-metadata.dto.js';
import { ServiceMetrics } from './service-metrics.js';
import { ServiceMetricsDto } from './service-metrics.dto.js';
import { ServiceStatus } from './service-status.js';

/** The little of a Fastify reply that readiness needs. */
interface StatusReply {
  status(code: number): unknown;
}

/** What the service is and how it is, for clients of the TeleFuser API. */
@ApiTags('service')
@ApiProblems(...ACCESS_PROBLEMS)
@Controller('v1/service')
export class ServiceController {
  constructor(
    private readonly service: ServiceStatus,
    private readonly figures: ServiceMetrics,
  ) {}

  /** Always 200, because the original is read by its fields and not by its status. */
  @Get('health')
  @Access(undefined)
  @Header('Cache-Control', 'no-store')
  @ApiOperation({ summary: 'Health, always with status 200' })
  @ApiOkResponse({ type: ServiceHealthDto })
  health(): ServiceHealthDto {
    return this.service.health();
  }

  @Get('ready')
  @Access(undefined)
  @Header('Cache-Control', 'no-store')
  @ApiOperation({ summary: 'The same, with status 503 until an offer would be served' })
  @ApiOkResponse({ type: ServiceHealthDto, description: 'Ready.' })
  @ApiServiceUnavailableResponse({ type: ServiceHealthDto, description: 'Not ready; `detail` says why.' })
  ready(@Res({ passthrough: true }) reply: StatusReply): ServiceHealthDto {
    const health = this.service.health();
    if (health.ready) return { ...health, status: 'ready' };
    reply.status(503);
    return { ...health, status: 'not_ready', ...(health.reason !== undefined && { detail: health.reason }) };
  }

  @Get('metadata')
  @Access(undefined)
  @ApiOperation({ summary: 'The pipeline, its mode, and the settings a client may care for' })
  @ApiOkResponse({ type: ServiceMetadataDto })
  metadata(): ServiceMetadataDto {
    return this.service.metadata();
  }

  @Get('metrics/json')
  @Access('stream:read', { streamTokens: false })
  @Header('Cache-Control', 'no-store')
  @ApiOperation({
    summary: 'Figures of the service',
    description: "Since the server's start, of all sessions; but for the event loop's delay, which is of the last minute.",
  })
  @ApiOkResponse({ type: ServiceMetricsDto })
  metrics(): ServiceMetricsDto {
    return this.figures.take();
  }
}
