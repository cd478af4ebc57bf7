import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { waitFor } from '../support/condition.ts';
import { Prometheus, promtool, withoutPrometheus } from '../support/prometheus.ts';
import { shippedPipeline, TestServer } from '../support/server.ts';
import { skipReason } from '../support/skip-reason.ts';
import { WATCH, WeriftClient } from '../support/werift-client.ts';

const FOLDER = fileURLToPath(new URL('../../deploy/monitoring/', import.meta.url));
const METRIC_NAME = /\b(?:telefuser|process|nodejs)_[a-z0-9_]+\b/gu;

interface Panel {
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
}

interface Dashboard {
  readonly panels: readonly Panel[];
}

/** Every expression of the dashboard, as Grafana sends it when everything is selected. */
async function dashboardExpressions(): Promise<{ title: string; expression: string }[]> {
  const { panels } = JSON.parse(await readFile(`${FOLDER}dashboard.json`, 'utf8')) as Dashboard;
  return panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => ({
      title,
      expression: expr.replaceAll('$__rate_interval', '5s').replaceAll('$job', '.*').replaceAll('$instance', '.*'),
    })),
  );
}

async function scrape(url: string, accept = 'text/plain'): Promise<{ type: string | null; text: string }> {
  const answer = await fetch(url, { headers: { accept, connection: 'close' } });
  expect(answer.status).toBe(200);
  return { type: answer.headers.get('content-type'), text: await answer.text() };
}

const seriesOf = (text: string): string[] =>
  text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.slice(0, line.lastIndexOf(' ')));

/** Names in a text that no scrape has had; a histogram is had by its buckets. */
async function unknownMetrics(prometheus: Prometheus, text: string): Promise<string[]> {
  const names = await prometheus.metricNames();
  return [...new Set(text.match(METRIC_NAME))].filter((name) => !names.has(name) && !names.has(`${name}_bucket`));
}

/** Watches, and steers with messages whose latency is measured, until the first is shown. */
async function watch(server: TestServer): Promise<WeriftClient> {
  const client = await WeriftClient.connect(server.api, WATCH);
  await waitFor('video', () => client.video.packets.length > 0);
  client.send({ type: 'control', key: 'ArrowUp', action: 'press', id: 'up' });
  await waitFor('the control to be named', () => client.messages.some((message) => 'applied_controls' in message));
  await waitFor('the report to be taken, once the picture has left', async () => {
    client.send({ type: 'shown', id: 'up' });
    const { body } = await server.api.get(`v1/stream/sessions/${client.sessionId}/stats`);
    return (body as { latency?: { control_to_shown?: { count: number } } }).latency?.control_to_shown?.count === 1;
  });
  return client;
}

describe('the metrics of a running server', () => {
  let server: TestServer;
  let managementUrl: string;

  beforeAll(async () => {
    server = await TestServer.start(shippedPipeline('arrow-overlay'), { TELEFUSER_MANAGEMENT_PORT: '0' });
    managementUrl = server.server.managementUrl ?? '';
  });
  afterAll(async () => server.close());

  it('are the same on the management listener and on that of the API, in either format', async () => {
    const [one, other] = await Promise.all([
      scrape(`${managementUrl}metrics`),
      scrape(new URL('v1/service/metrics', server.api.url).href),
    ]);
    expect(seriesOf(one.text)).toEqual(seriesOf(other.text));
    expect(one.type).toBe('text/plain; version=0.0.4; charset=utf-8');
    const openMetrics = await scrape(`${managementUrl}metrics`, 'application/openmetrics-text;version=1.0.0,text/plain;q=0.5');
    expect(openMetrics.type).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8');
    expect(seriesOf(openMetrics.text)).toEqual(seriesOf(one.text));
    expect(openMetrics.text.endsWith('\n# EOF\n')).toBe(true);
  });

  it('have the series that they had before, and higher counts, when sessions came and went', async () => {
    const before = (await scrape(`${managementUrl}metrics`)).text;
    for (let session = 0; session < 2; session += 1) {
      await using client = await watch(server);
      client.send({ type: 'stop' });
      expect(await server.api.closeReason(client.sessionId)).toBe('client_stop');
    }
    await server.idle();
    const after = (await scrape(`${managementUrl}metrics`)).text;
    expect(seriesOf(after)).toEqual(seriesOf(before));
    expect(after).toContain('telefuser_sessions_closed_total{mode="bidirectional",reason="client_stop"} 2\n');
    expect(after).toContain('telefuser_time_to_first_frame_seconds_count{mode="bidirectional"} 2\n');
    expect(after).toContain('telefuser_stage_latency_seconds_count{stage="control_to_shown"} 2\n');
  });
});

describe.skipIf(withoutPrometheus !== undefined)(`Prometheus${skipReason(withoutPrometheus)}`, () => {
  let server: TestServer;
  let client: WeriftClient;
  let prometheus: Prometheus;

  beforeAll(async () => {
    server = await TestServer.start(shippedPipeline('arrow-overlay'), { TELEFUSER_MANAGEMENT_PORT: '0' });
    const { host } = new URL(server.server.managementUrl ?? '');
    prometheus = await Prometheus.start(
      [
        { job: 'telefuser', address: host, path: '/metrics' },
        { job: 'telefuser-api', address: new URL(server.api.url).host, path: '/v1/service/metrics' },
      ],
      [`${FOLDER}alerts.yml`],
    );
    client = await watch(server);
    await waitFor(
      'five scrapes with pictures',
      async () => Number((await prometheus.query('min(changes(telefuser_frames_sent_total[1m]))'))[0]?.value[1] ?? 0) >= 5,
      20_000,
    );
  }, 60_000);
  afterAll(async () => {
    await client?.[Symbol.asyncDispose]();
    await prometheus?.[Symbol.asyncDispose]();
    await server.close();
  });

  it('finds nothing to say against the metrics', async () => {
    const { text } = await scrape(`${server.server.managementUrl}metrics`);
    expect(await promtool(['check', 'metrics'], text)).toBe('');
  });

  it('takes the alert rules, and they pass their tests', async () => {
    expect(await promtool(['check', 'rules', `${FOLDER}alerts.yml`])).toBe('');
    expect(await promtool(['test', 'rules', `${FOLDER}alerts.test.yml`])).toBe('');
  });

  it('has a test that fires, and one that does not, for each alert', async () => {
    const [rules = '', tests = ''] = await Promise.all(
      ['alerts.yml', 'alerts.test.yml'].map((name) => readFile(FOLDER + name, 'utf8')),
    );
    const alerts = [...rules.matchAll(/- alert: (\w+)/gu)].map(([, name]) => name);
    const tested = (quiet: boolean): Set<string | undefined> =>
      new Set(
        [...tests.matchAll(/alertname: (\w+)\n\s+exp_alerts:(?<none> \[\])?/gu)]
          .filter(({ groups }) => (groups?.['none'] !== undefined) === quiet)
          .map(([, name]) => name),
      );
    expect(new Set(alerts)).toEqual(tested(false));
    expect(new Set(alerts)).toEqual(tested(true));
  });

  it('scrapes both paths, and evaluates every alert rule on what it scraped', async () => {
    const up = await prometheus.query('up');
    expect(new Set(up.map(({ metric, value }) => `${metric['job']} ${value[1]}`))).toEqual(
      new Set(['telefuser 1', 'telefuser-api 1']),
    );
    const health = await waitFor('every rule to be evaluated', async () => {
      const found = await prometheus.ruleHealth();
      return Object.values(found).includes('unknown') ? undefined : found;
    });
    expect(Object.values(health).filter((state) => state !== 'ok')).toEqual([]);
    expect(Object.keys(health)).toContain('TelefuserDown');
    expect(await unknownMetrics(prometheus, await readFile(`${FOLDER}alerts.yml`, 'utf8'))).toEqual([]);
  });

  it('has an answer to every expression of the dashboard, of metrics that are there', async () => {
    const expressions = await dashboardExpressions();
    expect(expressions.length).toBeGreaterThan(40);
    const empty: string[] = [];
    for (const { title, expression } of expressions) {
      if ((await prometheus.query(expression)).length === 0) empty.push(`${title}: ${expression}`);
    }
    expect(empty).toEqual([]);
    expect(await unknownMetrics(prometheus, await readFile(`${FOLDER}dashboard.json`, 'utf8'))).toEqual([]);
  });
});
