import { Controller, Get, Headers, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';

import { ApiProblems } from '../common/index.js';
import { Access, ACCESS_PROBLEMS } from '../identity/index.js';
import { Metrics } from './metrics.js';
import { answerScrape, type HeaderReply } from './scrape-answer.js';

const EXAMPLE = `# HELP telefuser_frames_sent_total Pictures whose last packet left.
# TYPE telefuser_frames_sent_total counter
telefuser_frames_sent_total 8423
`;

/** Metrics on the port of the API, where the TeleFuser stream server has them. */
@ApiTags('service')
@ApiProblems(...ACCESS_PROBLEMS)
@Controller('v1/service')
export class ServiceMetricsController {
  constructor(private readonly metrics: Metrics) {}

  @Get('metrics')
  @Access('stream:read', { streamTokens: false })
  @ApiOperation({
    summary: 'Metrics for Prometheus',
    description: 'The same as `/metrics` on the management listener. OpenMetrics for whoever asks for it with `Accept`.',
    operationId: 'serviceMetricsText',
  })
  @ApiProduces('text/plain', 'application/openmetrics-text')
  @ApiOkResponse({ description: 'Every metric as it is now.', schema: { type: 'string' }, example: EXAMPLE })
  text(@Headers('accept') accept: string | undefined, @Res({ passthrough: true }) reply: HeaderReply): string {
    return answerScrape(this.metrics, accept, reply);
  }
}
