import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import createClient from 'openapi-fetch';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import type { paths } from '../support/api-types.ts';
import { shippedPipeline, TestServer } from '../support/server.ts';
import { WATCH, WeriftClient } from '../support/werift-client.ts';
import { GeneratedClient, without } from './generated-client.ts';
import { skipReason } from '../support/skip-reason.ts';

const COMPILATION_TIMEOUT_MS = 300_000;
const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

describe('a client generated as docs/clients.md says', () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await TestServer.start(shippedPipeline('test-pattern'), { TELEFUSER_ICE_HOST_ADDRESSES: '["127.0.0.1"]' });
  });
  afterEach(() => server.idle());
  afterAll(() => server.close());

  it('in Python opens, reads and closes a session, and is told what was wrong', async () => {
    await using client = await GeneratedClient.make('Python', server.api.url);
    const printed = await client.run('python', [path('open_read_close.py'), server.api.url.replace(/\/$/, '')]);
    const { sent, ...seen } = JSON.parse(printed) as { sent: number };
    expect(seen).toEqual({
      refused: 'invalid-sdp',
      pictures: 5,
      active: 1,
      opened: ['active', 'live'],
      codec: 'H264',
      closed: 'closed',
      after: ['unknown', 'client_delete'],
      again: 'session-not-found',
    });
    expect(sent).toBeGreaterThanOrEqual(5);
  });

  it('in TypeScript has the types that the tests are compiled with, and opens, reads and closes a session', async () => {
    await using made = await GeneratedClient.make('TypeScript', server.api.url);
    const interfaces = (text: string): string => text.replaceAll(/^(?:\/\*\*[^]*?\*\/|\/\/.*)\n/gm, '').trim();
    const committed = await readFile(path('../support/api-types.ts'), 'utf8');
    expect(interfaces(await readFile(join(made.folder, 'telefuser-api.ts'), 'utf8'))).toBe(interfaces(committed));

    const client = createClient<paths>({ baseUrl: server.api.url });
    await using viewer = await WeriftClient.prepare(WATCH);
    const opened = await client.POST('/v1/stream/webrtc/offer', { body: { sdp: viewer.offerSdp, task: 'test' } });
    if (opened.data === undefined) throw new Error(`the offer was refused: ${opened.error.detail}`);
    await viewer.accept({ status: 200, headers: opened.response.headers, body: opened.data });
    const params = { path: { session_id: opened.data.session_id } };
    const { data: stats } = await client.GET('/v1/stream/sessions/{session_id}/stats', { params });
    expect(stats?.session_id).toBe(opened.data.session_id);
    const { data: status } = await client.GET('/v1/stream/sessions/{session_id}/status', { params });
    expect(status?.state).toBe('live');
    const { data: closed } = await client.DELETE('/v1/stream/sessions/{session_id}', { params });
    expect(closed?.status).toBe('closed');
    const { error } = await client.DELETE('/v1/stream/sessions/{session_id}', { params });
    expect(error?.code).toBe('session-not-found');
  });

  const [withoutGo, withoutJava] = [without('go', 'java'), without('mvn', 'java')];

  it.skipIf(withoutGo !== undefined)(
    `in Go compiles${skipReason(withoutGo)}`,
    async () => {
      await using client = await GeneratedClient.make('Go', server.api.url);
      expect(await readFile(join(client.folder, 'telefuser-client', 'api_webrtc.go'), 'utf8')).toContain('WebRtcOffer(');
    },
    COMPILATION_TIMEOUT_MS,
  );

  it.skipIf(withoutJava !== undefined)(
    `in Java compiles${skipReason(withoutJava)}`,
    async () => {
      await using client = await GeneratedClient.make('Java', server.api.url);
      const classes = await client.run('find', ['telefuser-client/target/classes', '-name', 'WebRtcOffer*.class']);
      expect(classes).toContain('WebRtcOffer.class');
    },
    COMPILATION_TIMEOUT_MS,
  );
});
