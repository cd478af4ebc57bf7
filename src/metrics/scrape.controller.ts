import { Controller, Get, Headers, Res } from '@nestjs/common';

import { Metrics } from './metrics.js';
import { answerScrape, type HeaderReply } from './scrape-answer.js';

/** Metrics on the management listener, where Prometheus looks for them. */
@Controller()
export class ScrapeController {
  constructor(private readonly metrics: Metrics) {}

  @Get('metrics')
  scrape(@Headers('accept') accept: string | undefined, @Res({ passthrough: true }) reply: HeaderReply): string {
    return answerScrape(this.metrics, accept, reply);
  }
}
