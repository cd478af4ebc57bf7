export { Metrics } from './metrics.js';
export { MetricsModule } from './metrics.module.js';
export { ScrapeController } from './scrape.controller.js';
