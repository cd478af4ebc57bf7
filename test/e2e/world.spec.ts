import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { waitFor } from '../support/condition.ts';
import { shippedPipeline, TestServer } from '../support/server.ts';
import { WeriftClient, type ChannelMessage } from '../support/werift-client.ts';
import type { Answer } from '../support/api-client.ts';

/** Rows of the table, in order; `E2E_TABLE=1` prints them. */
const table: string[] = [];
const EYE = [
  [1, 0, 0, 0],
  [0, 1, 0, 0],
  [0, 0, 1, 0],
  [0, 0, 0, 1],
];
const SHEARED = [[1, 0.5, 0, 0], ...EYE.slice(1)];
/** A session that lasts for two chunks of one latent frame. */
const SHORT = { chunk_size: 1, frame_num: 5, show_control_hud: false };

function record(input: unknown, answer: string): void {
  table.push(`${typeof input === 'string' ? input : `\`${JSON.stringify(input)}\``} | ${answer.replaceAll('|', '\\|')}`);
}

function inWords({ status, body }: Answer): string {
  const errors = (body['errors'] as readonly { readonly detail?: string }[] | undefined) ?? [];
  return `${status} ${String(body['code'])}: ${[String(body['detail']), ...errors.map(({ detail }) => detail)].join(' ')}`;
}

/** What the pipeline says of its work, as a status. */
const stage = (name: string) => (message: ChannelMessage) => (message.data as { stage?: string } | undefined)?.stage === name;

describe('pipelines/world', () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await TestServer.start(shippedPipeline('world'), {
      TELEFUSER_PYTHON: '/usr/bin/python3',
      TELEFUSER_SECURITY_LEVEL: 'strict',
    });
  });
  afterAll(async () => {
    await server.close();
    if (process.env['E2E_TABLE'] !== undefined) {
      process.stdout.write(
        `\n| # | input | answer |\n| --- | --- | --- |\n${table.map((row, at) => `| ${at + 1} | ${row} |`).join('\n')}\n`,
      );
    }
  });

  it.each<[Record<string, unknown>, string]>([
    [{ frame_num: 80 }, 'frame_num must be 4n + 1, not 80; give 69 or 81'],
    [{ frame_num: 85 }, 'frame_num 85 is 22 latent frames, no whole number of chunks of 3; give 81 or 93'],
    [{ frame_num: 81, chunk_size: 4 }, 'frame_num 81 is 21 latent frames, no whole number of chunks of 4; give 77 or 93'],
    [{ frame_num: 1 }, 'frame_num 1 is 1 latent frames, no whole number of chunks of 3; give 9'],
    [{ frame_num: 81, max_duration_seconds: 2 }, 'frame_num 81 lasts 5 s at 16 fps, and max_duration_seconds is 2; give 33'],
    [
      { max_duration_seconds: 0.4 },
      'max_duration_seconds is 0.4, too short for one chunk of 3 latent frames at 16 fps; give at least 0.5',
    ],
    [{ control_mode: 'act' }, 'control_mode is act, and this service is cam'],
    [{ intrinsics: [832, 832, 416] }, 'intrinsics must be four numbers'],
    [{ intrinsics: [0, 832, 416, 240] }, 'intrinsics has a focal length that is not positive'],
    [{ intrinsics: [832, 832, 416, 240], intrinsics_width: 832 }, 'intrinsics_width is given without the other side'],
    [{ image_path: '/etc/hostname' }, 'image_path names no image that this service may read'],
    [{ image: 'no/such.png' }, 'image names no image that this service may read'],
  ])('refuses a session of %j, and says what would do', async (config, message) => {
    const client = await WeriftClient.prepare({ video: 'recvonly' });
    try {
      const answer = await client.offer(server.api, { config });
      record(config, inWords(answer));
      expect(answer.status).toBe(400);
      expect(answer.body['detail']).toContain(message);
    } finally {
      await client.close();
    }
    await server.idle();
  });

  /** Of a field by itself the declared schema may say it first (422), else the pipeline does (400). */
  it.each<[Record<string, unknown>, string]>([
    [{ chunk_size: 0 }, 'chunk_size'],
    [{ chunk_size: 2.5 }, 'chunk_size'],
    [{ max_duration_seconds: 1e6 }, 'max_duration_seconds'],
    [{ control_move_step: 'far' }, 'control_move_step'],
    [{ control_yaw_step_degrees: -1 }, 'control_yaw_step_degrees'],
    [{ control_pitch_limit_degrees: 90 }, 'control_pitch_limit_degrees'],
    [{ control_translation_scale: 0 }, 'control_translation_scale'],
    [{ show_control_hud: 'yes' }, 'show_control_hud'],
    [{ frame_policy: 'loose' }, 'frame_policy'],
    [{ frame_num: 'many' }, 'frame_num'],
  ])('refuses %j by the name of its field', async (config, field) => {
    const client = await WeriftClient.prepare({ video: 'recvonly' });
    try {
      const answer = await client.offer(server.api, { config });
      record(config, inWords(answer));
      expect([400, 422]).toContain(answer.status);
      expect(JSON.stringify(answer.body)).toContain(field);
    } finally {
      await client.close();
    }
    await server.idle();
  });

  it('declares what it is, and the schema of its config', async () => {
    expect(await server.api.metadata()).toMatchObject({
      name: 'A garden to walk in',
      controls: ['arrows', 'wasd', 'ijkl'],
      inputs: ['prompt', 'image'],
      default_fps: 16,
      config_schema: { type: 'object', properties: { chunk_size: { default: 3 }, show_control_hud: { default: true } } },
    });
  });

  it('takes its shape from the image, whichever way its camera was held', async () => {
    // Stored on its side; upright it is 300 × 520.
    const stored = { create: { width: 520, height: 300, channels: 3, background: { r: 200, g: 40, b: 90 } } } as const;
    const jpeg = await sharp(stored).withMetadata({ orientation: 6 }).jpeg().toBuffer();
    const image = `data:image/jpeg;base64,${jpeg.toString('base64')}`;
    {
      await using client = await WeriftClient.connect(server.api, { video: 'recvonly' }, { image, config: SHORT });
      const ready = await client.message('its size', stage('runtime_ready'));
      expect(ready.data).toMatchObject({ width: 480, height: 832 });
    }
    await server.idle();
  });

  it('answers every message that it cannot use, and goes on', async () => {
    await using client = await WeriftClient.connect(server.api, { video: 'recvonly' }, { config: SHORT });
    await client.message('a preview', ({ data }) => data?.['type'] === 'preview');
    const messages: readonly [Record<string, unknown>, string][] = [
      [{ type: 'control', key: 'q', action: 'press' }, 'key'],
      [{ type: 'control', action: 'press' }, 'key'],
      [{ type: 'control', key: 'ArrowUp', action: 'hold' }, 'action'],
      [{ type: 'control_state', controls: ['w', 'space'] }, 'controls[1]'],
      [{ type: 'control_state', controls: 'w' }, 'controls'],
      [{ type: 'control', prompt: 7 }, 'prompt'],
      [{ type: 'control', poses: [EYE, EYE] }, 'poses'],
      [{ type: 'control', poses: [SHEARED] }, 'poses'],
      [{ type: 'control', poses: 'here' }, 'poses'],
      [{ type: 'control', poses: [EYE], action: [[1, 0, 0, 0]] }, 'action'],
      [{ type: 'control', poses: [EYE], intrinsics: [1] }, 'intrinsics'],
      [{ type: 'control', control_tensor: [1] }, 'control_tensor'],
      [{ type: 'teleport' }, 'type'],
    ];
    for (const [message, field] of messages) {
      const before = client.messages.length;
      client.send(message);
      const told = await waitFor(`an answer to ${JSON.stringify(message)}`, () =>
        client.messages.slice(before).find(stage('control_refused')),
      );
      record(message, String(told.data?.['error']));
      expect(told.data).toMatchObject({ field, reason: expect.any(String), remedy: expect.any(String) });
    }
    client.send({ type: 'control_state', controls: ['w'] });
    const done = await client.message('done', ({ type }) => type === 'done');
    expect(done).toMatchObject({ session_id: client.sessionId });
    const chunks = client.messages.filter(({ data }) => data?.['type'] === 'chunk');
    expect(chunks.map(({ data }) => data?.['applied_controls'])).toEqual([['w'], ['w']]);
    expect(client.messages.find(stage('runtime_summary'))?.data).toMatchObject({
      stream_progress: { target_frames: 5, generated_frames: 5, completed_chunks: 2 },
    });
    expect(await server.api.closeReason(client.sessionId)).toBe('completed');
    await server.idle();
  });

  it('makes no picture while no key is held, turns a second viewer away at once, and takes the next when the first is gone', async () => {
    {
      await using first = await WeriftClient.connect(server.api, { video: 'recvonly' });
      await first.message('a preview', ({ data }) => data?.['type'] === 'preview');
      const second = await WeriftClient.prepare({ video: 'recvonly' });
      const startMs = performance.now();
      const answer = await second.offer(server.api);
      record('a second offer while a session is open', inWords(answer));
      await second.close();
      expect([409, 503]).toContain(answer.status);
      expect(performance.now() - startMs).toBeLessThan(1000);
      expect(first.messages.filter(({ data }) => data?.['type'] === 'chunk')).toEqual([]);
    }
    await server.idle();
    await using next = await WeriftClient.connect(server.api, { video: 'recvonly' }, { config: SHORT });
    await next.message('a preview', ({ data }) => data?.['type'] === 'preview');
  });
});
