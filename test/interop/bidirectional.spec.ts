import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { AiortcClient, type FrameEvent } from './aiortc-client.js';
import { ServerUnderTest } from './server-under-test.js';

/** Parts of two buttons of the pad, clear of their arrows (pipelines/arrow-overlay, a picture of 832 × 480). */
const KEY_PROBES = { ArrowUp: [724, 342, 16, 6], ArrowLeft: [694, 372, 6, 16] } as const;
type Key = keyof typeof KEY_PROBES;

/** A button that is held is green; otherwise it is a dark grey. */
function isLit({ probes }: FrameEvent, key: Key): boolean {
  const [y, u, v] = probes[key] ?? [0, 0, 0];
  return y > 120 && u < 116 && v < 90;
}

describe('arrow-overlay driven by aiortc', () => {
  let server: ServerUnderTest;

  beforeAll(async () => {
    server = await ServerUnderTest.start('pipelines/arrow-overlay');
  });
  afterEach(async () => server.idle());
  afterAll(async () => server[Symbol.asyncDispose]());

  const connect = (options: Partial<Parameters<typeof AiortcClient.start>[0]> = {}): AiortcClient =>
    AiortcClient.start({
      server: server.url,
      offer: { task: 'arrow_overlay', config: { fps: 24 } },
      channel: 'telefuser',
      audio: 'none',
      probes: KEY_PROBES,
      ...options,
    });

  it.each(['H264', 'VP8'] as const)('lights the pressed key in the picture until it is released, over %s', async (videoCodec) => {
    await using client = connect({ videoCodec });
    await client.channel('open');
    const first = await client.until('a picture', () => client.frames[0]);
    expect([first.width, first.height]).toEqual([832, 480]);
    expect([isLit(first, 'ArrowUp'), isLit(first, 'ArrowLeft')]).toEqual([false, false]);

    client.send({ type: 'control', key: 'ArrowUp', action: 'press' });
    const pressed = await client.until('a lit key', () => client.frames.find((frame) => isLit(frame, 'ArrowUp')));
    expect(isLit(pressed, 'ArrowLeft')).toBe(false);
    await client.until('the key in a chunk', () =>
      client.messages('chunk').some(({ data }) => JSON.stringify((data as { pressed: unknown }).pressed) === '["ArrowUp"]'),
    );

    client.send({ type: 'control', key: 'ArrowUp', action: 'release' });
    await client.until('an unlit key', () => client.frames.some((frame) => frame.at > pressed.at && !isLit(frame, 'ArrowUp')));
  });

  it('shows at least 20 pictures a second, each newer than the one before', async () => {
    await using client = connect();
    const frames = await client.framesOf(3);
    expect(frames.length).toBeGreaterThanOrEqual(60);
    const steps = frames.slice(1).map(({ counter }, i) => (counter! - frames[i]!.counter! + 240) % 240);
    expect(Math.min(...steps)).toBeGreaterThanOrEqual(1);
    expect(Math.max(...steps)).toBeLessThanOrEqual(6);
  });

  it('closes on a stop message and says why', async () => {
    await using client = connect();
    await client.channel('open');
    await client.until('a picture', () => client.frames[0]);
    client.send({ type: 'stop' });
    await client.ended(1);
    expect(client.messages('closed')).toMatchObject([{ reason: 'client_stop' }]);
    expect(await server.closeReason(await client.session())).toBe('client_stop');
  });

  it('answers a message it cannot take, and plays on', async () => {
    await using client = connect();
    await client.channel('open');
    client.send('{"type": "control", ');
    const error = await client.until('an error message', () => client.messages('error')[0]);
    expect(error).toMatchObject({ code: expect.any(String) as string, detail: expect.any(String) as string });
    client.send({ type: 'control', key: 'ArrowLeft', action: 'press' });
    await client.until('a lit key', () => client.frames.some((frame) => isLit(frame, 'ArrowLeft')));
  });

  it('closes the session when the client closes its connection', async () => {
    const client = connect();
    await client.until('a picture', () => client.frames[0]);
    const sessionId = await client.session();
    await client[Symbol.asyncDispose]();
    expect(['channel_closed', 'connection_closed']).toContain(await server.closeReason(sessionId));
  });

  it('closes on DELETE', async () => {
    await using client = connect({ offer: { task: 'arrow_overlay', session_id: 'to-delete' } });
    await client.until('a picture', () => client.frames[0]);
    expect(await client.delete()).toBe(200);
    await client.ended(1);
    expect(await server.status('to-delete')).toMatchObject({ status: 'unknown', close_reason: 'client_delete' });
  });

  it('refuses an offer without a data channel, and says what to do', async () => {
    await using client = AiortcClient.start({ server: server.url, offer: { task: 'arrow_overlay' } });
    const refused = await client.until('a refusal', () => client.all('refused')[0]);
    expect(refused).toMatchObject({ status: 400, detail: expect.stringContaining('createDataChannel("telefuser")') as string });
  });

  it('keeps two clients apart', async () => {
    await using one = connect();
    await using other = connect();
    await one.channel('open');
    await other.until('a picture', () => other.frames[0]);
    one.send({ type: 'control', key: 'ArrowUp', action: 'press' });
    const lit = await one.until('a lit key', () => one.frames.find((frame) => isLit(frame, 'ArrowUp')));
    const seen = other.frames.length;
    await other.until('ten more pictures', () => other.frames.length >= seen + 10);
    expect(lit.counter).not.toBeNull();
    expect(other.frames.some((frame) => isLit(frame, 'ArrowUp'))).toBe(false);
  });
});
