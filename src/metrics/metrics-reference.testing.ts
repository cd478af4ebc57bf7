import type { MetricFamily } from './exposition/index.js';
import type { MetricGroup } from './metrics.js';

/** Labels whose values are not part of the program. */
const OPEN_LABELS: Readonly<Record<string, string>> = {
  worker: '1 to `TELEFUSER_PIPELINE_WORKERS`',
  version: "the server's",
  node_version: "Node's",
};

const HEAD = `# Metrics

Prometheus scrapes them at \`/metrics\` on the management listener (\`TELEFUSER_MANAGEMENT_PORT\`); the same is at \`/v1/service/metrics\` on the port of the
API, where the TeleFuser stream server has it. Who asks for \`application/openmetrics-text\` gets OpenMetrics 1.0.0, everybody else the text format
0.0.4. Reading changes nothing, so there may be any number of scrapers. \`/v1/service/metrics/json\` has part of it as JSON, with quantiles.

- **No series a session.** No label tells sessions, clients or tenants apart; the number of series depends on
  \`TELEFUSER_PIPELINE_WORKERS\` alone. Every series is there from the start, with 0, so that \`rate()\` misses no first event; those with
  the label \`worker\` as soon as the pipeline's file was looked at.
- **Counters never go back** while the server runs: a session that closes leaves its numbers behind.
- **Units** are Prometheus' base units: seconds, bytes, and ratios from 0 to 1. What is known of the viewers' networks comes as histograms over all
  sessions, one observation a connected session and second; a rate of them weighs each viewer by the time it was there.
- **Figures of one session** are at \`/v1/stream/sessions/{session_id}/stats\`.

[deploy/monitoring](../deploy/monitoring/README.md) has a dashboard and alert rules.

This list is generated from what a server tells; a test fails when it differs, and \`npx vitest run src/metrics -u\` writes it again.
`;

/** The text of `docs/metrics.md`. */
export function renderMetricsDocument(groups: readonly MetricGroup[]): string {
  const sections = groups.map(({ title, families }) => `\n## ${title}\n\n${families.map(familyLine).join('\n')}\n`);
  return HEAD + sections.join('');
}

function familyLine(family: MetricFamily): string {
  const labels = labelsOf(family);
  return `- \`${family.name}\` (${family.type}): ${family.help}.${labels.length === 0 ? '' : ` Labels: ${labels.join('; ')}.`}`;
}

function labelsOf(family: MetricFamily): string[] {
  const samples = family.type === 'histogram' ? family.distributions : family.samples;
  const names = Object.keys(samples[0]?.labels ?? {});
  return names.map((name) => {
    const values = [...new Set(samples.map(({ labels }) => labels?.[name] ?? ''))];
    return `\`${name}\` (${OPEN_LABELS[name] ?? values.join(', ')})`;
  });
}
