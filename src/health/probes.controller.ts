import { Controller, Get, Header, Res, ServiceUnavailableException } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiServiceUnavailableResponse, ApiTags } from '@nestjs/swagger';
import { HealthCheckService, type HealthIndicatorResult } from '@nestjs/terminus';

import { ApiProblems } from '../common/index.js';
import { ProbeChecks } from './probe-checks.js';
import { ProbeDto } from './probe.dto.js';

/** The little of a Fastify reply that a probe needs. */
interface StatusReply {
  status(code: number): unknown;
}

/** The answer of a probe of which these are up. */
function up(details: Readonly<Record<string, object>>): object {
  return { status: 'ok', info: details, error: {}, details };
}

/** The answer of a probe of which one is down. */
function down(info: Readonly<Record<string, object>>, error: Readonly<Record<string, { readonly reason: string }>>): object {
  return { status: 'error', info, error, details: { ...info, ...error }, detail: Object.values(error)[0]?.reason };
}

const UP = { status: 'up' };
const STARTING = {
  reason: 'The pipeline is still starting (40 %): Loading the text encoder.',
  progress: 0.4,
  message: 'Loading the text encoder',
  status: 'down',
};
const GIVEN_UP = {
  reason: 'The pipeline is down after 5 failures in a row; the last: The process ended with exit code 1.',
  status: 'down',
};
const PROGRESS = { ...STARTING, elapsed_seconds: 42.5, timeout_seconds: 600, workers: ['starting'] };

/**
 * Probes for an orchestrator. They are cheap, take no argument, and are never cached. `degraded` is a 200: it works, and somebody should look.
 */
@ApiTags('probes')
@ApiProblems()
@Controller()
export class ProbesController {
  constructor(
    private readonly terminus: HealthCheckService,
    private readonly checks: ProbeChecks,
  ) {}

  @Get('livez')
  @Header('Cache-Control', 'no-store')
  @ApiOperation({ summary: 'Liveness: nothing is broken that a restart would mend' })
  @ApiOkResponse({ type: ProbeDto, example: up({ event_loop: UP, pipeline_supervisor: UP }) })
  @ApiServiceUnavailableResponse({
    type: ProbeDto,
    description: 'The event loop is stuck, or the pipeline was given up; `detail` says why.',
    example: down({ event_loop: UP }, { pipeline_supervisor: GIVEN_UP }),
  })
  async livez(@Res({ passthrough: true }) reply: StatusReply): Promise<ProbeDto> {
    return this.probe(reply, this.checks.live());
  }

  @Get('readyz')
  @Header('Cache-Control', 'no-store')
  @ApiOperation({ summary: 'Readiness: offers are taken' })
  @ApiOkResponse({ type: ProbeDto, example: up({ pipeline: UP, drain: UP }) })
  @ApiServiceUnavailableResponse({
    type: ProbeDto,
    description: 'Not ready, or draining; `detail` says why.',
    example: down({ drain: UP }, { pipeline: STARTING }),
  })
  async readyz(@Res({ passthrough: true }) reply: StatusReply): Promise<ProbeDto> {
    return this.probe(reply, this.checks.ready());
  }

  @Get('startupz')
  @Header('Cache-Control', 'no-store')
  @ApiOperation({ summary: 'Startup: the pipeline has been ready once' })
  @ApiOkResponse({ type: ProbeDto, example: up({ pipeline: { start_seconds: 61.2, status: 'up' } }) })
  @ApiServiceUnavailableResponse({
    type: ProbeDto,
    description: 'Not started yet; `detail` says why, and `error` how long it has taken and may take.',
    example: down({}, { pipeline: PROGRESS }),
  })
  async startupz(@Res({ passthrough: true }) reply: StatusReply): Promise<ProbeDto> {
    return this.probe(reply, this.checks.started());
  }

  /** Terminus throws its result when something is down; the answer keeps its shape, with the `detail` that every error here has. */
  private async probe(reply: StatusReply, results: readonly HealthIndicatorResult[]): Promise<ProbeDto> {
    try {
      return (await this.terminus.check(results.map((result) => () => result))) as ProbeDto;
    } catch (error) {
      if (!(error instanceof ServiceUnavailableException)) throw error;
      reply.status(error.getStatus());
      const answer = error.getResponse() as ProbeDto;
      return { ...answer, detail: reasonOf(answer) ?? 'The server is shutting down.' };
    }
  }
}

function reasonOf({ error = {} }: ProbeDto): string | undefined {
  for (const check of Object.values(error)) {
    const { reason } = check as { readonly reason?: unknown };
    if (typeof reason === 'string') return reason;
  }
  return undefined;
}
