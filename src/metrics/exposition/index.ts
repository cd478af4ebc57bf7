export { counter, distributionOf, gauge, histogram, type Labels, type MetricFamily } from './metric-family.js';
export { CONTENT_TYPES, negotiateFormat, renderText, type TextFormat } from './text-format.js';
