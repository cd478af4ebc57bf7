import type { Distribution, Labels, MetricFamily } from './metric-family.js';

/** The text formats that a scraper may ask for. */
export type TextFormat = 'prometheus' | 'openmetrics';

export const CONTENT_TYPES: Readonly<Record<TextFormat, string>> = {
  prometheus: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

/** The format for an `Accept` header: OpenMetrics for who names it and does not refuse it, else the older one that all read. */
export function negotiateFormat(accept: string | undefined): TextFormat {
  const openMetrics = (accept ?? '')
    .split(',')
    .map((range) => range.split(';').map((part) => part.trim().toLowerCase()))
    .find(([type]) => type === 'application/openmetrics-text');
  return openMetrics === undefined || openMetrics.some((parameter) => /^q=0(\.0*)?$/u.test(parameter))
    ? 'prometheus'
    : 'openmetrics';
}

/**
 * Writes what is known now, by the Prometheus text format 0.0.4 or OpenMetrics 1.0.0. They differ in the name of a counter's family, the
 * escapes of a help text, and the line that ends it.
 */
export function renderText(families: readonly MetricFamily[], format: TextFormat): string {
  const lines = families.flatMap((family) => familyLines(family, format));
  return format === 'openmetrics' ? `${[...lines, '# EOF'].join('\n')}\n` : `${lines.join('\n')}\n`;
}

function familyLines(family: MetricFamily, format: TextFormat): string[] {
  const { name, help, type } = family;
  // In OpenMetrics `_total` is the suffix of a counter's sample, and no part of its family's name.
  const described = format === 'openmetrics' && type === 'counter' ? name.replace(/_total$/u, '') : name;
  const head = [`# HELP ${described} ${escapedHelp(help, format)}.`, `# TYPE ${described} ${type}`];
  if (family.type === 'histogram') return [...head, ...family.distributions.flatMap((one) => distributionLines(name, one))];
  return [...head, ...family.samples.map(({ labels, value }) => `${name}${labelText(labels)} ${numberText(value)}`)];
}

function distributionLines(name: string, { labels = {}, buckets, count, sum }: Distribution): string[] {
  const bucketLine = (le: string, value: number): string => `${name}_bucket${labelText({ ...labels, le })} ${value}`;
  return [
    ...buckets.map(({ bound, count: below }) => bucketLine(boundText(bound), below)),
    bucketLine('+Inf', count),
    `${name}_sum${labelText(labels)} ${numberText(sum)}`,
    `${name}_count${labelText(labels)} ${count}`,
  ];
}

function labelText(labels: Labels = {}): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapedLabel(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

/** A float in both formats; OpenMetrics has no other form for a bound, so that one series has one name in both. */
function boundText(bound: number): string {
  return Number.isInteger(bound) ? `${bound}.0` : String(bound);
}

function numberText(value: number): string {
  if (value === Infinity) return '+Inf';
  if (value === -Infinity) return '-Inf';
  return String(value);
}

function escapedLabel(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
}

function escapedHelp(text: string, format: TextFormat): string {
  const escaped = text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
  return format === 'openmetrics' ? escaped.replaceAll('"', '\\"') : escaped;
}
