import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { PROBLEM_CODES } from '#server/common/errors/catalogue.js';
import { ApiClient } from '../support/api-client.ts';
import { waitFor, within } from '../support/condition.ts';
import { TemporaryPipeline, testPipeline, TestServer } from '../support/server.ts';
import { WATCH, WeriftClient } from '../support/werift-client.ts';

describe('the HTTP API of a running server', () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await TestServer.start(testPipeline('conversation'), { TELEFUSER_WEBRTC_MAX_SESSIONS: '3' });
  });
  afterAll(async () => {
    await server.idle();
    await server.close();
  });

  it('says what it serves', async () => {
    const { status, body } = await server.api.get('v1/service/metadata');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      service_type: 'stream',
      stream_mode: 'bidirectional',
      pipeline_file: testPipeline('conversation'),
      security_level: 'PERMISSIVE',
      skip_validation: false,
      runner: 'node',
      webrtc_active_sessions: 0,
      webrtc_max_sessions: 3,
      webrtc_video_codec: 'H264',
      webrtc_video_bitrate: 4_000_000,
    });
  });

  it('counts sessions by mode while they are open', async () => {
    await using first = await WeriftClient.connect(server.api, WATCH);
    await using second = await WeriftClient.connect(server.api, WATCH);
    expect((await server.api.get('v1/service/health')).body).toMatchObject({
      status: 'healthy',
      stream_ready: true,
      stream_mode: 'bidirectional',
      webrtc_active_sessions: 2,
      webrtc_server_push_sessions: 0,
      webrtc_bidirectional_sessions: 2,
      webrtc_max_sessions: 3,
    });
    for (const { sessionId } of [first, second]) {
      expect(await server.api.status(sessionId)).toEqual({
        session_id: sessionId,
        status: 'active',
        stream_mode: 'bidirectional',
        state: 'live',
      });
      expect((await server.api.delete(sessionId)).status).toBe(200);
      expect(await server.api.status(sessionId)).toEqual({
        session_id: sessionId,
        status: 'unknown',
        close_reason: 'client_delete',
      });
    }
  });

  it('lets nobody store what passes', async () => {
    for (const path of ['v1/stream/sessions/nobody/status', 'v1/stream/sessions/nobody/stats', 'v1/service/health']) {
      expect((await server.api.get(path)).headers.get('cache-control'), path).toBe('no-store');
    }
  });

  it('answers an offer with every candidate inline, and quickly', async () => {
    await using client = await WeriftClient.prepare(WATCH);
    await client.offer(server.api);
    await server.api.delete(client.sessionId);
    const began = performance.now();
    const answer = await client.offer(server.api);
    expect(performance.now() - began).toBeLessThan(500);
    expect(answer.body['type']).toBe('answer');
    expect(answer.body['sdp']).toMatch(/^a=candidate:.* typ host/m);
    expect(answer.body['sdp']).toContain('a=end-of-candidates');
    await server.api.delete(client.sessionId);
  });

  it('lets any origin in by default, errors included', async () => {
    const preflight = await server.api.request('OPTIONS', 'v1/stream/webrtc/offer', undefined, {
      headers: {
        origin: 'https://example.com',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type',
      },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-origin')).toBe('*');
    expect(preflight.headers.get('access-control-allow-methods')).toContain('POST');
    expect(preflight.headers.get('access-control-allow-headers')).toContain('content-type');
    const refused = await server.api.offer('{}', {
      headers: { origin: 'https://example.com', 'content-type': 'application/json' },
    });
    expect(refused.status).toBe(422);
    expect(refused.headers.get('access-control-allow-origin')).toBe('*');
  });

  it('serves its page with scripts and styles, and nothing beside them', async () => {
    const page = String((await server.api.get('')).body['text']);
    const asset = (suffix: string): string =>
      new RegExp(`"\\./(assets/[\\w.-]+${suffix})"`, 'u').exec(page)?.[1] ?? `no ${suffix}`;
    for (const [path, type, content] of [
      ['', 'text/html', '<div id="root"'],
      [asset('\\.js'), 'javascript', 'RTCPeerConnection'],
      [asset('\\.css'), 'text/css', '{'],
    ] as const) {
      const { status, headers, body } = await server.api.get(path);
      expect(status, path).toBe(200);
      expect(headers.get('content-type')).toContain(type);
      expect(body['text']).toContain(content);
    }
    for (const path of ['../package.json', '%2e%2e/package.json', '..%2fpackage.json', 'index.html%00.js']) {
      expect([400, 404], path).toContain((await server.api.get(path)).status);
    }
  });

  it('documents every route and every problem, and shows the document at /docs', async () => {
    expect((await server.api.get('docs')).body['text']).toContain('swagger-ui');
    const { body } = await server.api
      .get('docs-json')
      .then(async (answer) => (answer.status === 200 ? answer : server.api.get('openapi.json')));
    const paths = body['paths'] as Record<string, Record<string, { responses: Record<string, unknown> }>>;
    expect(Object.keys(paths).sort()).toEqual(
      [
        '/livez',
        '/readyz',
        '/startupz',
        '/v1/service/health',
        '/v1/service/metadata',
        '/v1/service/metrics',
        '/v1/service/metrics/json',
        '/v1/service/ready',
        '/v1/stream/ice-servers',
        '/v1/stream/sessions/{session_id}',
        '/v1/stream/sessions/{session_id}/stats',
        '/v1/stream/sessions/{session_id}/status',
        '/v1/stream/tokens',
        '/v1/stream/webrtc/offer',
        '/v1/stream/webrtc/{session_id}',
        '/v1/stream/whep',
        '/v1/stream/whep/{session_id}',
      ].sort(),
    );
    expect(Object.keys(paths['/v1/stream/webrtc/offer']?.['post']?.responses ?? {}).sort()).toEqual([
      '200',
      '400',
      '401',
      '403',
      '409',
      '413',
      '415',
      '422',
      '429',
      '500',
      '503',
    ]);
    const { body: newer } = await server.api.get('openapi-3.1.json');
    expect(newer).toMatchObject({ openapi: expect.stringMatching(/^3\.1\./) as string, info: body['info'] });
    expect(Object.keys(newer['paths'] as object)).toEqual(Object.keys(paths));
    const text = JSON.stringify(body);
    for (const code of PROBLEM_CODES) expect(text, code).toContain(code);
  });
});

describe('CORS', () => {
  it('lets only the configured origins in', async () => {
    await using server = await TestServer.start(testPipeline('server-push'), {
      TELEFUSER_CORS_ORIGINS: '["https://good.example"]',
    });
    const allowed = async (origin: string): Promise<string | null> => {
      const { headers } = await server.api.request('GET', 'v1/service/health', undefined, { headers: { origin } });
      return headers.get('access-control-allow-origin');
    };
    expect(await allowed('https://good.example')).toBe('https://good.example');
    expect(await allowed('https://evil.example')).not.toBe('https://evil.example');
    expect(await allowed('https://evil.example')).not.toBe('*');
    await server.idle();
  });
});

/** What the probes and the two health routes say now. */
async function healthOf(api: ApiClient): Promise<Record<string, unknown>> {
  const of = async (path: string): Promise<number> => (await api.get(path)).status;
  const health = await api.get('v1/service/health');
  return {
    livez: await of('livez'),
    readyz: await of('readyz'),
    startupz: await of('startupz'),
    ready: await of('v1/service/ready'),
    health: health.status,
    status: health.body['status'],
    stream_ready: health.body['stream_ready'],
  };
}

describe('health', () => {
  it('goes from starting to ready, and offers are answered from then on', async () => {
    // The test decides when start() returns, by making a file.
    await using pipeline = await TemporaryPipeline.write(`
      import { existsSync } from 'node:fs';
      import { setTimeout } from 'node:timers/promises';
      export const getService = () => ({
        async start() { while (!existsSync(import.meta.dirname + '/go')) await setTimeout(20); },
        async *serve() {},
      });
    `);
    await using server = await TestServer.listen(pipeline.path);
    expect(await healthOf(server.api)).toEqual({
      livez: 200,
      readyz: 503,
      startupz: 503,
      ready: 503,
      health: 200,
      status: 'healthy',
      stream_ready: false,
    });
    expect((await server.api.get('readyz')).body['detail']).toBe('The pipeline is still starting.');
    expect((await server.api.get('v1/service/metadata')).body['stream_mode']).toBeNull();
    await using client = await WeriftClient.prepare(WATCH);
    const early = await client.offer(server.api);
    expect(early).toMatchObject({
      status: 503,
      body: { code: 'service-not-running', detail: 'The pipeline is still starting. Try again soon.' },
    });
    expect(Number(early.headers.get('retry-after'))).toBeGreaterThan(0);

    await writeFile(join(dirname(pipeline.path), 'go'), '');
    await within('the start', server.server.pipelineStarted);
    expect(await healthOf(server.api)).toEqual({
      livez: 200,
      readyz: 200,
      startupz: 200,
      ready: 200,
      health: 200,
      status: 'healthy',
      stream_ready: true,
    });
    expect((await client.offer(server.api)).status).toBe(200);
    await server.api.delete(client.sessionId);
    await server.idle();
  });

  it('says why the pipeline failed to start', async () => {
    await using pipeline = await TemporaryPipeline.write(
      `export const getService = () => ({ start() { throw new Error('no GPU'); }, *serve() {} });`,
    );
    await using server = await TestServer.listen(pipeline.path);
    await expect(within('the start to fail', server.server.pipelineStarted)).rejects.toThrow('no GPU');
    expect(await healthOf(server.api)).toEqual({
      livez: 200,
      readyz: 503,
      startupz: 503,
      ready: 503,
      health: 200,
      status: 'unhealthy',
      stream_ready: false,
    });
    expect((await server.api.get('readyz')).body['detail']).toContain('no GPU');
    expect((await server.api.get('v1/service/health')).body['reason']).toContain('no GPU');
    await server.idle();
  });

  it('is alive and started, but not ready, between the end of the process of the pipeline and the next', async () => {
    await using server = await TestServer.start(testPipeline('conversation'), { TELEFUSER_PIPELINE_RESTART_DELAY_SECONDS: '2' });
    await using client = await WeriftClient.connect(server.api, WATCH);
    process.kill(server.pipelinePid ?? 0, 'SIGKILL');
    expect(await server.api.closeReason(client.sessionId)).toBe('pipeline_crashed');
    await waitFor('the state', async () => (await healthOf(server.api))['readyz'] === 503);
    expect(await healthOf(server.api)).toEqual({
      livez: 200,
      readyz: 503,
      startupz: 200,
      ready: 503,
      health: 200,
      status: 'healthy',
      stream_ready: false,
    });
    expect((await server.api.get('readyz')).body['detail']).toContain('SIGKILL');
    await using waiting = await WeriftClient.prepare(WATCH);
    const refused = await waiting.offer(server.api);
    expect(refused).toMatchObject({ status: 503, body: { code: 'service-not-running' } });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(2);
    await waitFor('the next process', async () => (await healthOf(server.api))['readyz'] === 200);
    await server.idle();
  });
});
