import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { waitFor } from '../support/condition.ts';
import { shippedPipeline, TemporaryPipeline, TestServer } from '../support/server.ts';
import { WATCH, WeriftClient } from '../support/werift-client.ts';
import type { Answer } from '../support/api-client.ts';

/** Both say the same of themselves, wait in their start for a file, and refuse every session with what they were asked for. */
const SOURCES = {
  node: `
import { existsSync } from 'node:fs';
export const getService = ({ options, reportProgress }) => {
  reportProgress(0.1, 'Importing');
  return {
    defaultFps: 16,
    about: { name: 'Looking glass', defaultPrompt: 'a harbour', controls: ['arrows'], inputs: ['prompt', 'image'] },
    configSchema: {
      type: 'object',
      properties: { steps: { $ref: '#/$defs/Steps' }, word: { type: 'string', pattern: '^(a|a)*$' }, image: {} },
      additionalProperties: false,
      $defs: { Steps: { type: 'integer', maximum: 50 } },
    },
    async start(reportProgress) {
      reportProgress(0.4, 'Loading the text encoder');
      while (!existsSync(options.gate)) await new Promise((resolve) => setTimeout(resolve, 10));
    },
    createSession({ image, steps }) { throw new Error('asked for ' + JSON.stringify({ image, steps })); },
    pushChunk() {},
    async *pullChunks() {},
    closeSession() {},
  };
};`,
  python: `
import json, os, time

class Service:
    default_fps = 16
    about = {"name": "Looking glass", "default_prompt": "a harbour", "controls": ["arrows"], "inputs": ["prompt", "image"]}
    config_schema = {
        "type": "object",
        "properties": {"steps": {"$ref": "#/$defs/Steps"}, "word": {"type": "string", "pattern": "^(a|a)*$"}, "image": {}},
        "additionalProperties": False,
        "$defs": {"Steps": {"type": "integer", "maximum": 50}},
    }

    def __init__(self, gate):
        self.gate = gate

    def start(self, report_progress):
        report_progress(0.4, "Loading the text encoder")
        while not os.path.exists(self.gate):
            time.sleep(0.01)

    def create_session(self, config):
        asked = {name: config[name] for name in ("image", "steps") if name in config}
        raise ValueError("asked for " + json.dumps(asked, separators=(",", ":")))

    def push_chunk(self, session_id, chunk): ...
    def pull_chunks(self, session_id): return []
    def close_session(self, session_id): ...

def get_service(gate, report_progress):
    report_progress(0.1, "Importing")
    return Service(gate)
`,
} as const;

describe('a pipeline that is shipped', () => {
  it.each([
    ['test-pattern', { name: 'Test pattern', inputs: [] }, { width: 833 }, 'config.width must be a multiple of 2'],
    ['video-replay', { name: 'Video replay', inputs: ['prompt'] }, { loop: 'yes' }, 'config.loop must be true or false or null'],
  ])('says what it is, and which configs it takes: %s', async (name, about, config, detail) => {
    await using server = await TestServer.start(shippedPipeline(name));
    await using client = await WeriftClient.prepare(WATCH);
    expect(await server.api.metadata()).toMatchObject({ ...about, controls: [], config_schema: { type: 'object' } });
    expect(await client.offer(server.api, { config })).toMatchObject({ status: 422, body: { detail: `${detail}.` } });
    // What is null counts as left out, in the config as in the offer.
    const nothing = Object.fromEntries(Object.keys(config).map((field) => [field, null]));
    expect((await client.offer(server.api, { config: nothing })).status).toBe(200);
  });
});

describe.each(['node', 'python'] as const)('a service in %s that says what it is', (language) => {
  let folder: string;
  let pipeline: TemporaryPipeline;
  let server: TestServer;
  let client: WeriftClient;
  const offer = (fields: object = {}): Promise<Answer> =>
    server.api.offer({ sdp: client.offerSdp, type: 'offer', task: 'test', ...fields });
  const dataUrl = (bytes: Uint8Array): string => `data:image/png;base64,${Buffer.from(bytes).toString('base64')}`;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'telefuser-gate-'));
    pipeline = await TemporaryPipeline.write(SOURCES[language], language === 'node' ? 'pipeline.mjs' : 'pipeline.py');
    server = await TestServer.listen(pipeline.path, { TELEFUSER_MAX_IMAGE_PIXELS: '10000' }, { gate: join(folder, 'open') });
    client = await WeriftClient.prepare(WATCH);
  });
  afterAll(async () => {
    await client.close();
    await server.close();
    await pipeline[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  it('tells how far its start has got, and that it has started', async () => {
    await waitFor('the progress', async () => (await server.api.health()).start_progress === 0.4);
    const detail = 'The pipeline is still starting (40 %): Loading the text encoder.';
    expect(await server.api.health()).toMatchObject({ start_message: 'Loading the text encoder', reason: detail });
    for (const path of ['startupz', 'readyz']) {
      expect(await server.api.get(path)).toMatchObject({
        status: 503,
        body: { detail, error: { pipeline: { progress: 0.4, message: 'Loading the text encoder' } } },
      });
    }
    expect((await server.api.metadata()).config_schema).toBeUndefined();
    await writeFile(join(folder, 'open'), '');
    await server.server.pipelineStarted;
    expect(await server.api.health()).not.toHaveProperty('start_progress');
  });

  it('is described to clients', async () => {
    expect(await server.api.metadata()).toMatchObject({
      name: 'Looking glass',
      default_prompt: 'a harbour',
      default_fps: 16,
      controls: ['arrows'],
      inputs: ['prompt', 'image'],
      max_image_pixels: 10_000,
      config_schema: {
        type: 'object',
        properties: { steps: { type: 'integer', maximum: 50 }, word: { type: 'string', pattern: '^(a|a)*$' }, image: {} },
        additionalProperties: false,
      },
    });
  });

  it('is asked for nothing that its schema refuses', async () => {
    const refused = await offer({ config: { steps: 51, stepz: 1 } });
    expect(refused).toMatchObject({
      status: 422,
      body: {
        code: 'validation-failed',
        errors: expect.arrayContaining([
          { pointer: '/config/steps', detail: 'config.steps must be at most 50' },
          { pointer: '/config/stepz', detail: 'config.stepz is not taken by the pipeline' },
        ]) as unknown,
      },
    });
    // The pipeline itself refuses what its schema takes, and with its own words.
    expect(await offer({ config: { steps: 50 } })).toMatchObject({
      status: 400,
      body: { code: 'session-refused', detail: expect.stringMatching(/^asked for \{"steps":50\}/u) as unknown },
    });
  });

  it('cannot hold up the server with its schema', async () => {
    const began = performance.now();
    const refused = await offer({ config: { word: `${'a'.repeat(60)}!` } });
    expect(refused).toMatchObject({ status: 422, body: { errors: [{ pointer: '/config' }] } });
    expect(performance.now() - began).toBeLessThan(2000);
  });

  it('gets an image that is upright, and no other', async () => {
    const file = await sharp({ create: { width: 3, height: 2, channels: 3, background: '#ff0000' } })
      .png()
      .toBuffer();
    const asked = async (fields: object): Promise<string> => String((await offer(fields)).body['detail']);
    expect(await asked({ image: dataUrl(file) })).toContain(`asked for {"image":"${dataUrl(file)}"}`);
    expect(await asked({ config: { image: dataUrl(file) } })).toContain(`asked for {"image":"${dataUrl(file)}"}`);
    expect(await asked({ image: '/assets/room.jpg' })).toContain('asked for {"image":"/assets/room.jpg"}');
    const lying = await sharp(file).withMetadata({ orientation: 6 }).png().toBuffer();
    const [, upright = ''] = /"data:image\/png;base64,([^"]*)"/u.exec(await asked({ image: dataUrl(lying) })) ?? [];
    expect(await sharp(Buffer.from(upright, 'base64')).metadata()).toMatchObject({ width: 2, height: 3 });
  });

  it('never hears of an image that is none', async () => {
    const large = await sharp({ create: { width: 101, height: 100, channels: 3, background: '#ff0000' } })
      .png()
      .toBuffer();
    for (const [fields, pointer, detail] of [
      [{ image: 'data:image/png;base64,aGVsbG8=' }, '/image', 'image is no JPEG, PNG or WebP file.'],
      [{ config: { image: 'data:,' } }, '/config/image', /^config\.image must be a data URL in base64/u],
      [{ image: dataUrl(large) }, '/image', /^image has 101 × 100 pixels, 0\.02 million; 0\.01 million are allowed\.$/u],
      [
        { image: dataUrl(Buffer.alloc(10 * 1024 * 1024 + 1)) },
        '/image',
        /^image is a file of 10\.01 MiB; 10 MiB are allowed\.$/u,
      ],
    ] as const) {
      expect(await offer(fields)).toMatchObject({
        status: 400,
        body: {
          code: 'invalid-image',
          detail: typeof detail === 'string' ? detail : (expect.stringMatching(detail) as unknown),
          errors: [{ pointer }],
        },
      });
    }
    expect((await server.api.metrics()).offers).toMatchObject({ 'invalid-image': 4 });
    expect(server.slotsInUse).toBe(0);
  });
});
