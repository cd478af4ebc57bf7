import { Controller, Get, Header, Res, ServiceUnavailableException } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiServiceUnavailableResponse, ApiTags } from '@nestjs/swagger';
import {
  HealthCheckService,
  HealthIndicatorService,
  type HealthIndicatorFunction,
  type HealthIndicatorResult,
} from '@nestjs/terminus';

import { ApiProblems } from '../common/index.js';
import { ProbeDto } from './probe.dto.js';
import { ServiceStatus } from './service-status.js';

/** The little of a Fastify reply that a probe needs. */
interface StatusReply {
  status(code: number): unknown;
}

const UP = { status: 'ok', info: { pipeline: { status: 'up' } }, error: {}, details: { pipeline: { status: 'up' } } };
const DOWN_PIPELINE = { pipeline: { status: 'down', reason: 'The pipeline is still starting.' } };
const DOWN = { status: 'error', info: {}, error: DOWN_PIPELINE, details: DOWN_PIPELINE, detail: DOWN_PIPELINE.pipeline.reason };

/** Probes for an orchestrator. They are cheap, take no argument, and are never cached. */
@ApiTags('probes')
@ApiProblems()
@Controller()
export class ProbesController {
  constructor(
    private readonly terminus: HealthCheckService,
    private readonly indicators: HealthIndicatorService,
    private readonly service: ServiceStatus,
  ) {}

  /** Alive as long as the process answers: a pipeline that is starting or has failed is no reason to kill the server. */
  @Get('livez')
  @Header('Cache-Control', 'no-store')
  @ApiOperation({ summary: 'Liveness: the process answers' })
  @ApiOkResponse({ type: ProbeDto, example: { status: 'ok', info: {}, error: {}, details: {} } })
  async livez(@Res({ passthrough: true }) reply: StatusReply): Promise<ProbeDto> {
    return this.probe(reply, []);
  }

  @Get('readyz')
  @Header('Cache-Control', 'no-store')
  @ApiOperation({ summary: 'Readiness: an offer would be served now' })
  @ApiOkResponse({ type: ProbeDto, example: UP })
  @ApiServiceUnavailableResponse({ type: ProbeDto, description: 'Not ready; `detail` says why.', example: DOWN })
  async readyz(@Res({ passthrough: true }) reply: StatusReply): Promise<ProbeDto> {
    return this.probe(reply, [() => this.pipelineIs(this.service.ready)]);
  }

  @Get('startupz')
  @Header('Cache-Control', 'no-store')
  @ApiOperation({ summary: 'Startup: the pipeline has been ready once' })
  @ApiOkResponse({ type: ProbeDto, example: UP })
  @ApiServiceUnavailableResponse({ type: ProbeDto, description: 'Not started yet; `detail` says why.', example: DOWN })
  async startupz(@Res({ passthrough: true }) reply: StatusReply): Promise<ProbeDto> {
    return this.probe(reply, [() => this.pipelineIs(this.service.started)]);
  }

  private pipelineIs(up: boolean): HealthIndicatorResult {
    const indicator = this.indicators.check('pipeline');
    return up ? indicator.up() : indicator.down({ reason: this.service.reason ?? 'unknown' });
  }

  /** Terminus throws its result when something is down; the answer keeps its shape, with the `detail` that every error here has. */
  private async probe(reply: StatusReply, checks: HealthIndicatorFunction[]): Promise<ProbeDto> {
    try {
      return (await this.terminus.check(checks)) as ProbeDto;
    } catch (error) {
      if (!(error instanceof ServiceUnavailableException)) throw error;
      reply.status(error.getStatus());
      return { ...(error.getResponse() as ProbeDto), detail: this.service.reason ?? 'The server is shutting down.' };
    }
  }
}
