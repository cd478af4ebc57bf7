import { crc32 } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadConfiguration } from '../config/index.js';
import { InitialImages } from './initial-images.service.js';

const NEVER = new AbortController().signal;
const images = new InitialImages(loadConfiguration({ TELEFUSER_MAX_IMAGE_BYTES: '262144', TELEFUSER_MAX_IMAGE_PIXELS: '40000' }));

const url = (bytes: Uint8Array, type = 'image/jpeg'): string => `data:${type};base64,${Buffer.from(bytes).toString('base64')}`;

/** Noise, so that a file has a body worth cutting; red on the left, so that it is seen which way it lies. */
async function picture(width: number, height: number): Promise<Sharp> {
  const noise = Buffer.from(Array.from({ length: width * height * 3 }, (_, at) => (at * 7919) % 97));
  const half = Math.floor(width / 2);
  const red = await sharp({ create: { width: half, height, channels: 3, background: '#ff0000' } })
    .png()
    .toBuffer();
  return sharp(noise, { raw: { width, height, channels: 3 } }).composite([{ input: red, left: 0, top: 0 }]);
}

const limitedTo = (maxBytes: number): InitialImages =>
  new InitialImages(loadConfiguration({ TELEFUSER_MAX_IMAGE_BYTES: String(maxBytes), TELEFUSER_MAX_IMAGE_PIXELS: '400000' }));

/** What no format can make short, in a file of little quality that has to be turned. */
function lyingNoise(type: 'jpeg' | 'webp'): Promise<Buffer> {
  let state = 1;
  const noise = Buffer.from(
    Array.from({ length: 600 * 500 * 3 }, () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) >>> 24),
  );
  return sharp(noise, { raw: { width: 600, height: 500, channels: 3 } })
    .withMetadata({ orientation: 6 })
    .toFormat(type, { quality: 30 })
    .toBuffer();
}

const files: Record<string, Buffer> = {};
beforeAll(async () => {
  const flat = await (await picture(120, 80)).png().toBuffer();
  files['jpeg'] = await sharp(flat).jpeg({ quality: 95 }).toBuffer();
  files['progressive jpeg'] = await sharp(flat).jpeg({ quality: 95, progressive: true }).toBuffer();
  files['png'] = flat;
  files['interlaced png'] = await sharp(flat).png({ progressive: true }).toBuffer();
  files['webp'] = await sharp(flat).webp({ quality: 95 }).toBuffer();
  files['gif'] = await sharp(flat).gif().toBuffer();
  files['tiff'] = await sharp(flat).tiff().toBuffer();
  files['svg'] = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>');
  files['animated webp'] = await sharp([flat, await sharp(flat).negate().toBuffer()], {
    join: { animated: true },
  })
    .webp({ loop: 0, delay: [50, 50] })
    .toBuffer();
  files['animated png'] = withChunk(flat, 'acTL', Buffer.from([0, 0, 0, 2, 0, 0, 0, 0]));
  files['bomb'] = await sharp({ create: { width: 4000, height: 4000, channels: 3, background: '#000000' } })
    .png()
    .toBuffer();
  files['lying header'] = withHeader(flat, 200, 199);
});

describe('an image that is taken', () => {
  it.each(['jpeg', 'progressive jpeg', 'png', 'interlaced png', 'webp'])(
    'is handed on byte by byte when it is upright: %s',
    async (name) => {
      const bytes = files[name] ?? Buffer.alloc(0);
      const type = name.split(' ').at(-1);
      // It is what it is, whatever it is called.
      expect(await images.upright(url(bytes, 'image/bmp'), '/image', NEVER)).toBe(url(bytes, `image/${type}`));
    },
  );

  it.each(['jpeg', 'png', 'webp'] as const)('is turned upright in a file of its own type: %s', async (type) => {
    // 6: the top of the picture is on the right of the file (CIPA DC-008 section 4.6.5).
    const lying = await sharp(files['png']).withMetadata({ orientation: 6 }).toFormat(type, { quality: 95 }).toBuffer();
    const upright = await images.upright(url(lying), '/image', NEVER);
    expect(upright).toMatch(new RegExp(`^data:image/${type};base64,`, 'u'));
    const turned = sharp(Buffer.from(String(upright).split(',')[1] ?? '', 'base64'));
    expect(await turned.metadata()).toMatchObject({ format: type, width: 80, height: 120 });
    expect((await turned.metadata()).orientation ?? 1).toBe(1);
    const { data, info } = await turned.raw().toBuffer({ resolveWithObject: true });
    const redAt = (x: number, y: number): number => data[(y * info.width + x) * info.channels] ?? 0;
    // What lay on the left is at the top now.
    expect([redAt(40, 20) > 200, redAt(40, 100) < 130]).toEqual([true, true]);
  });

  it.each([2, 3, 4, 5, 7, 8])('is turned from every orientation: %i', async (orientation) => {
    const lying = await sharp(files['png']).withMetadata({ orientation }).jpeg().toBuffer();
    const upright = String(await images.upright(url(lying), '/image', NEVER));
    const { width, height } = await sharp(Buffer.from(upright.split(',')[1] ?? '', 'base64')).metadata();
    expect([width, height]).toEqual(orientation >= 5 ? [80, 120] : [120, 80]);
  });

  it.each([
    ['jpeg', 300_000],
    ['webp', 200_000],
  ] as const)('may lose some quality to be turned and stay within the limit: %s', async (type, maxBytes) => {
    const lying = await lyingNoise(type);
    const upright = await limitedTo(maxBytes).upright(url(lying), '/image', NEVER);
    const turned = Buffer.from(String(upright).split(',')[1] ?? '', 'base64');
    expect(turned.length).toBeLessThanOrEqual(maxBytes);
    expect(await sharp(turned).metadata()).toMatchObject({ format: type, width: 500, height: 600 });
  });

  it('is turned with filters that fit it, so that a PNG does not grow by much', async () => {
    const slope = Buffer.from(
      Array.from({ length: 200 * 150 * 3 }, (_, at) => Math.floor(at / 600) + (at % 3) * ((at * 7919) % 5)),
    );
    const lying = await sharp(slope, { raw: { width: 200, height: 150, channels: 3 } })
      .withMetadata({ orientation: 6 })
      .png({ adaptiveFiltering: true })
      .toBuffer();
    const upright = String(await images.upright(url(lying), '/image', NEVER)).split(',')[1] ?? '';
    expect(Buffer.from(upright, 'base64').length).toBeLessThan(1.2 * lying.length);
  });

  it.each(['/assets/room.jpg', 'https://example.com/a.png', '', null, { path: 'a' }, 7])(
    'may be something else: %j',
    async (value) => {
      expect(await images.upright(value, '/image', NEVER)).toBe(value);
    },
  );
});

describe('an image that is not taken', () => {
  const cut = (name: string, share: number): Buffer => {
    const bytes = files[name] ?? Buffer.alloc(0);
    return bytes.subarray(0, Math.floor(bytes.length * share));
  };
  const scrambled = (name: string): Buffer => {
    const bytes = Buffer.from(files[name] ?? Buffer.alloc(0));
    const middle = Math.floor(bytes.length / 2);
    bytes.fill(0xa5, middle, middle + 400);
    return bytes;
  };
  type Row = readonly [input: string, value: () => string, detail: string | RegExp];
  const rows: readonly Row[] = [
    [
      'a data URL without base64',
      () => 'data:image/png,hello',
      'image must be a data URL in base64, such as data:image/jpeg;base64,….',
    ],
    ['base64 with a space', () => 'data:image/png;base64,AA AA', 'image is not valid base64.'],
    ['an empty file', () => url(Buffer.alloc(0)), 'image is an empty file.'],
    ['text', () => url(Buffer.from('hello'), 'image/png'), 'image is no JPEG, PNG or WebP file.'],
    ['a GIF', () => url(files['gif'] ?? Buffer.alloc(0), 'image/png'), 'image is no JPEG, PNG or WebP file.'],
    ['a TIFF', () => url(files['tiff'] ?? Buffer.alloc(0), 'image/jpeg'), 'image is no JPEG, PNG or WebP file.'],
    ['an SVG', () => url(files['svg'] ?? Buffer.alloc(0), 'image/svg+xml'), 'image is no JPEG, PNG or WebP file.'],
    ['an animated WebP', () => url(files['animated webp'] ?? Buffer.alloc(0)), 'image is an animation.'],
    ['an animated PNG', () => url(files['animated png'] ?? Buffer.alloc(0)), 'image is an animation.'],
    ['a file over the limit', () => url(Buffer.alloc(300_000)), 'image is a file of 0.29 MiB; 0.25 MiB are allowed.'],
    [
      'a pixel bomb',
      () => url(files['bomb'] ?? Buffer.alloc(0)),
      /^image has 4000 × 4000 pixels, 16 million; 0\.04 million are allowed\.$/u,
    ],
    [
      'a header that promises more than there is',
      () => url(files['lying header'] ?? Buffer.alloc(0)),
      'image is a damaged file.',
    ],
    ['nothing but a signature', () => url(Buffer.from('89504e470d0a1a0a', 'hex')), 'image is a damaged file.'],
    ['nothing but a marker', () => url(Buffer.from('ffd8ffe0', 'hex')), 'image is a damaged file.'],
    ...['jpeg', 'progressive jpeg', 'png', 'interlaced png', 'webp'].flatMap((name): Row[] => [
      [`half of a ${name}`, () => url(cut(name, 0.5)), 'image is a damaged file.'],
      [`nine tenths of a ${name}`, () => url(cut(name, 0.9)), 'image is a damaged file.'],
    ]),
    ['a PNG with a hole in it', () => url(scrambled('png')), 'image is a damaged file.'],
  ];

  it.each(rows)('is answered with what is wrong with it: %s', async (_input, value, detail) => {
    const refused = images.upright(value(), '/image', NEVER);
    await expect(refused).rejects.toMatchObject({ code: 'invalid-image', status: 400, errors: [{ pointer: '/image' }] });
    await expect(refused).rejects.toMatchObject({ detail: typeof detail === 'string' ? detail : expect.stringMatching(detail) });
  });

  it.each(['jpeg', 'webp'] as const)('is one that would be too long when it is upright: %s', async (type) => {
    const lying = await lyingNoise(type);
    await expect(limitedTo(lying.length).upright(url(lying), '/image', NEVER)).rejects.toMatchObject({
      code: 'invalid-image',
      detail: expect.stringMatching(/^image is a file of 0\.\d+ MiB when it is upright; 0\.\d+ MiB are allowed\.$/u),
    });
  });

  it('is named by the field that it is in', async () => {
    await expect(images.upright('data:,', '/config/image', NEVER)).rejects.toMatchObject({
      detail: expect.stringMatching(/^config\.image must be/u),
      errors: [{ pointer: '/config/image', detail: expect.stringMatching(/^config\.image must be/u) }],
    });
  });

  it('is not looked at when its client has gone', async () => {
    const gone = AbortSignal.abort(new Error('the client went away'));
    await expect(images.upright(url(files['png'] ?? Buffer.alloc(0)), '/image', gone)).rejects.toThrow('the client went away');
  });
});

/** A PNG with a chunk behind its header. */
function withChunk(png: Buffer, type: string, data: Buffer): Buffer {
  const end = 8 + 25;
  const chunk = Buffer.alloc(12 + data.length);
  chunk.writeUInt32BE(data.length);
  chunk.write(type, 4, 'latin1');
  data.copy(chunk, 8);
  chunk.writeUInt32BE(crc32(chunk.subarray(4, 8 + data.length)), 8 + data.length);
  return Buffer.concat([png.subarray(0, end), chunk, png.subarray(end)]);
}

/** A PNG whose header says another size. */
function withHeader(png: Buffer, width: number, height: number): Buffer {
  const copy = Buffer.from(png);
  copy.writeUInt32BE(width, 16);
  copy.writeUInt32BE(height, 20);
  copy.writeUInt32BE(crc32(copy.subarray(12, 29)), 29);
  return copy;
}
