import { describe, expect, it } from 'vitest';

import { waitFor } from '../support/condition.ts';
import { CommandProcess, shippedPipeline, TemporaryPipeline, testPipeline } from '../support/server.ts';
import { logWatch } from '../support/watched-logs.ts';
import { WATCH, WeriftClient } from '../support/werift-client.ts';

interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly context?: string;
  readonly session_id?: string;
  readonly request_id?: string;
  readonly path?: string;
}

/** Every line, each of which must be a JSON object. */
const linesOf = (text: string): LogLine[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as LogLine);

describe('the log of a server, as JSON', () => {
  it('tells of each request by its id, and of each session by its own, and leaves stdout to the line that says where the server is', async () => {
    await using serving = await CommandProcess.serve(testPipeline('server-push'), {
      TELEFUSER_LOG_FORMAT: 'json',
      TELEFUSER_LOG_LEVEL: 'debug',
      TELEFUSER_SECURITY_LEVEL: 'permissive',
    });
    const { api, command } = serving;
    const lines = (): LogLine[] => linesOf(command.stderr);
    const refused = await api.request(
      'POST',
      'v1/stream/webrtc/offer?token=s3cret',
      { sdp: 'none', task: 't2v' },
      {
        headers: { 'x-request-id': 'edge-1', 'content-type': 'application/json' },
      },
    );
    expect(refused).toMatchObject({ status: 400, body: { code: 'invalid-sdp', instance: 'urn:telefuser:request:edge-1' } });
    expect(refused.headers.get('x-request-id')).toBe('edge-1');
    const undecodable = await api.request('GET', '%E0%A4%A', undefined, { headers: { 'x-request-id': 'edge-2' } });
    expect(undecodable.headers.get('x-request-id')).toBe('edge-2');
    expect(undecodable.body).toMatchObject({ code: 'malformed-request', instance: 'urn:telefuser:request:edge-2' });

    await using client = await WeriftClient.connect(api, WATCH);
    const { sessionId } = client;
    const closed = await api.request('DELETE', `v1/stream/sessions/${sessionId}`, undefined, {
      headers: { 'x-request-id': 'edge-3' },
    });
    expect(closed.status).toBe(200);
    const access = (id: string): LogLine | undefined =>
      lines().find(({ request_id, path }) => request_id === id && path !== undefined);
    await waitFor('the line of the last request', () => access('edge-3'));
    expect(access('edge-1')).toMatchObject({
      level: 'debug',
      context: 'Http',
      method: 'POST',
      path: '/v1/stream/webrtc/offer',
      status: 400,
    });
    const ofSession = lines().filter(({ session_id, context }) => session_id === sessionId && context !== 'Audit');
    expect(ofSession.map(({ level, message }) => `${level} ${message.split(':')[0]}`)).toEqual(['info opened', 'info closed']);
    // Opened by a request whose id the server made, closed by another.
    expect(ofSession[0]?.request_id).toMatch(/^[\da-f-]{36}$/u);
    expect(access(ofSession[0]?.request_id ?? '')).toMatchObject({ path: '/v1/stream/webrtc/offer', status: 200 });
    expect(ofSession[1]?.request_id).toBe('edge-3');
    expect(command.stderr).not.toContain('s3cret');
    expect(command.stdout).toMatch(/^Ready: \S+ .*\n$/u);
  });

  it('has no line for a probe or a scrape unless it is for debugging', async () => {
    await using serving = await CommandProcess.serve(shippedPipeline('echo'), {
      TELEFUSER_LOG_FORMAT: 'json',
      TELEFUSER_SECURITY_LEVEL: 'permissive',
    });
    const before = serving.command.stderr;
    for (const path of ['livez', 'readyz', 'v1/service/metrics', 'v1/service/health']) {
      expect((await serving.api.request('GET', path)).status).toBe(200);
    }
    await using client = await WeriftClient.connect(serving.api, WATCH);
    await waitFor('the line of a session', () => serving.command.stderr.includes(client.sessionId));
    const told = linesOf(serving.command.stderr.slice(before.length));
    expect(new Set(told.map(({ session_id }) => session_id))).toEqual(new Set([client.sessionId]));
  });
});

describe('the watch over the logs of these tests', () => {
  it('finds a configured secret in what a server and its pipeline print', async () => {
    const secret = 'a secret that only this test has';
    await using pipeline = await TemporaryPipeline.write(
      `export const getService = () => ({ start: () => console.log('I know ${secret}'), async *serve() {} });`,
    );
    await using serving = await CommandProcess.serve(pipeline.path, {
      TELEFUSER_TURN_SECRET: secret,
      TELEFUSER_TURN_SERVERS: 'turn:127.0.0.1:9?transport=tcp',
    });
    await waitFor('the line', () => serving.command.stderr.includes(secret));
    // Taken here, so that it does not fail this test as it would any other.
    expect(logWatch.takeFindings()).toEqual([
      expect.stringMatching(/^TELEFUSER_TURN_SECRET is in the log of process \d+ .*I know a secret/u),
    ]);
  });
});
