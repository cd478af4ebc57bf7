import { describe, expect, it } from 'vitest';

import { ApiClient } from '../support/api-client.ts';
import { waitFor } from '../support/condition.ts';
import { CommandProcess, testPipeline } from '../support/server.ts';
import { WATCH, WeriftClient } from '../support/werift-client.ts';

const ENDLESS = {
  script: [{ frames: { count: 2, format: 'I420', width: 64, height: 48, colour: [1, 2, 3] }, repeat: 0 }],
};
const ENVIRONMENT = { TELEFUSER_MANAGEMENT_PORT: '0', TELEFUSER_SECURITY_LEVEL: 'permissive' };

async function serve(drainSeconds: number) {
  const serving = await CommandProcess.serve(testPipeline('server-push'), {
    ...ENVIRONMENT,
    TELEFUSER_DRAIN_TIMEOUT_SECONDS: String(drainSeconds),
  });
  const management = new ApiClient(await serving.command.managementUrl());
  return { ...serving, management };
}

async function watch(api: ApiClient, options: Parameters<typeof WeriftClient.connect>[1] = WATCH): Promise<WeriftClient> {
  const client = await WeriftClient.connect(api, options, ENDLESS);
  await waitFor('video', () => client.video.packets.length > 0);
  return client;
}

const isGoingAway = ({ type }: { readonly type: string }): boolean => type === 'going_away';

describe('SIGTERM', () => {
  it('lets sessions go on, refuses new ones, answers everything else, and ends with 0 after the last session', async () => {
    await using serving = await serve(60);
    const { command, api, management } = serving;
    await using first = await watch(api);
    await using second = await watch(api);
    await using late = await WeriftClient.prepare(WATCH);
    const sentAtSeconds = Date.now() / 1000;
    command.child.kill('SIGTERM');

    const { deadline } = (await first.message('going_away', isGoingAway)) as { deadline?: number };
    expect(deadline).toBeGreaterThanOrEqual(sentAtSeconds + 60);
    expect(deadline).toBeLessThan(sentAtSeconds + 65);
    await second.message('going_away', isGoingAway);
    for (const probed of [api, management]) {
      expect(await probed.get('readyz')).toMatchObject({ status: 503, body: { error: { drain: { status: 'down', deadline } } } });
      expect((await probed.get('livez')).status).toBe(200);
      expect((await probed.get('startupz')).status).toBe(200);
    }
    const refused = await late.offer(api, ENDLESS);
    expect(refused).toMatchObject({ status: 503, body: { type: 'urn:telefuser:problem:draining', code: 'draining' } });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await api.get('v1/service/health')).body).toMatchObject({ draining: true, ready: false, webrtc_active_sessions: 2 });
    expect((await api.get('v1/service/metrics/json')).body).toMatchObject({ offers: { draining: 1 } });
    expect(await api.status(first.sessionId)).toMatchObject({ status: 'active', state: 'live' });
    const before = first.video.packets.length;
    await waitFor('media to go on', () => first.video.packets.length > before + 20);

    expect((await api.delete(first.sessionId)).status).toBe(200);
    expect(await api.status(second.sessionId)).toMatchObject({ status: 'active', state: 'live' });
    expect(command.child.exitCode).toBeNull();
    second.send({ type: 'stop' });
    expect((await second.message('closed', ({ type }) => type === 'closed')).reason).toBe('client_stop');
    expect(await command.exitCode(5000)).toBe(0);
    expect(command.stderr).toContain('the last session has ended');
  });

  it('tells a session whose offer was being answered, as soon as its channel opens', async () => {
    await using serving = await serve(60);
    const { command, api } = serving;
    await using client = await WeriftClient.prepare(WATCH);
    const answer = await client.offer(api, ENDLESS);
    expect(answer.status).toBe(200);
    command.child.kill('SIGTERM');
    await waitFor('the drain', async () => (await api.get('readyz')).status === 503);
    await client.accept(answer);
    await client.message('going_away', isGoingAway);
    expect(client.messages.filter(isGoingAway)).toHaveLength(1);
    expect((await api.delete(client.sessionId)).status).toBe(200);
    expect(await command.exitCode(5000)).toBe(0);
  });

  it('closes what is left at the deadline, and ends with 0', async () => {
    await using serving = await serve(1);
    const { command, api } = serving;
    await using client = await watch(api);
    command.child.kill('SIGTERM');
    const { deadline = 0 } = (await client.message('going_away', isGoingAway)) as { deadline?: number };
    const closed = await client.message('closed', ({ type }) => type === 'closed');
    expect(closed.reason).toBe('drain_deadline');
    // The deadline is by the clock of the wall and the timer by another; they may differ by a little.
    expect(closed.timestamp).toBeGreaterThan(deadline - 0.05);
    expect(await command.exitCode(5000)).toBe(0);
  });

  it('closes the sessions when a second one follows, and ends with 0', async () => {
    await using serving = await serve(60);
    const { command, api } = serving;
    await using client = await watch(api);
    command.child.kill('SIGTERM');
    await client.message('going_away', isGoingAway);
    // A second signal counts from half a second on, since npm and a terminal send the first one several times: so does this test, until one counts.
    const closed = await waitFor('the session to close', () => {
      const message = client.messages.find(({ type }) => type === 'closed');
      if (message === undefined) command.child.kill('SIGTERM');
      return message;
    });
    expect(closed.reason).toBe('server_shutdown');
    expect(await command.exitCode(5000)).toBe(0);
  });
});
