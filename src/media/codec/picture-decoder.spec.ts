import fc from 'fast-check';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { EncodedPicture } from '../../common/index.js';
import { CodecBusyError, CodecClosedError, PictureDecoder, UndecodablePictureError } from './index.js';

async function noise(width: number, height: number, format: 'jpeg' | 'png' = 'jpeg'): Promise<EncodedPicture> {
  const image = sharp({
    create: { width, height, channels: 3, background: 'black', noise: { type: 'gaussian', mean: 128, sigma: 30 } },
  });
  return { kind: 'encoded', data: await image.toFormat(format).toBuffer() };
}

describe('PictureDecoder', { timeout: 30_000 }, () => {
  let decoder: PictureDecoder;
  let good: EncodedPicture;

  beforeEach(async () => {
    decoder = new PictureDecoder();
    good = await noise(160, 120);
  });
  afterEach(() => decoder.close());

  async function sizeOf(picture: Parameters<PictureDecoder['decode']>[0]): Promise<string> {
    const decoded = await decoder.decode(picture);
    try {
      return `${decoded.width}x${decoded.height}`;
    } finally {
      decoded.release();
    }
  }

  /** The message of a refusal, after which the decoder must still work. */
  async function refusal(data: Uint8Array): Promise<string> {
    const outcome: unknown = await sizeOf({ kind: 'encoded', data }).catch((error: unknown) => error);
    if (!(outcome instanceof UndecodablePictureError)) throw new Error(`not refused: ${String(outcome)}`);
    expect(await sizeOf(good)).toBe('160x120');
    return outcome.message;
  }

  it('follows a change of size and format from one picture to the next', async () => {
    expect(await sizeOf(good)).toBe('160x120');
    expect(await sizeOf(await noise(320, 240))).toBe('320x240');
    expect(await sizeOf(await noise(64, 64, 'png'))).toBe('64x64');
    expect(await sizeOf(good)).toBe('160x120');
  });

  it('leaves an odd last column and row out, whatever the format', async () => {
    expect(await sizeOf(await noise(161, 121))).toBe('160x120');
    expect(await sizeOf(await noise(33, 17, 'png'))).toBe('32x16');
    const i420 = { kind: 'raw', format: 'I420', width: 5, height: 3, data: new Uint8Array(15 + 6 + 6) } as const;
    expect(await sizeOf(i420)).toBe('4x2');
  });

  it('takes the largest size and refuses one more', async () => {
    expect(await sizeOf(await noise(4096, 16))).toBe('4096x16');
    expect(await refusal((await noise(4097, 16)).data)).toMatch(/4096/);
  });

  it('refuses what has no known signature, an SVG included', async () => {
    expect(await refusal(new Uint8Array())).toMatch(/0 bytes are not JPEG, PNG or WebP/);
    expect(await refusal(Buffer.alloc(5000, 0xab))).toMatch(/not JPEG, PNG or WebP/);
    expect(await refusal(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'))).toMatch(/not JPEG, PNG or WebP/);
  });

  it('refuses truncated pictures', async () => {
    expect(await refusal(good.data.subarray(0, 400))).toMatch(/JPEG is damaged/);
    expect(await refusal(good.data.subarray(0, good.data.length >> 1))).toMatch(/JPEG is damaged/);
    expect(await refusal((await noise(64, 64, 'png')).data.subarray(0, 2000))).toMatch(/cannot be decoded/);
  });

  it('refuses a picture of one pixel', async () => {
    expect(await refusal((await noise(1, 1)).data)).toMatch(/1 × 1/);
  });

  it('refuses huge declared dimensions without allocating them', async () => {
    const data = Buffer.from(good.data);
    const sizeAt = data.indexOf(Buffer.from([0xff, 0xc0])) + 5;
    data.writeUInt16BE(65_500, sizeAt);
    data.writeUInt16BE(65_500, sizeAt + 2);
    expect(await refusal(data)).toMatch(/JPEG is damaged or too large/);
  });

  it('refuses raw pictures whose bytes do not fit their size', async () => {
    const raw = { kind: 'raw', format: 'RGB24', width: 4, height: 4, data: new Uint8Array(47) } as const;
    await expect(decoder.decode(raw)).rejects.toThrow('A 4 × 4 RGB24 picture has 48 bytes, not 47.');
    await expect(decoder.decode({ ...raw, width: 0 })).rejects.toBeInstanceOf(UndecodablePictureError);
    await expect(decoder.decode({ ...raw, width: Number.NaN })).rejects.toBeInstanceOf(UndecodablePictureError);
    expect(await sizeOf(good)).toBe('160x120');
  });

  it('decodes or refuses any damage to a JPEG, and nothing else', async () => {
    const data = Buffer.from(good.data);
    await fc.assert(
      fc.asyncProperty(fc.nat(data.length - 1), fc.uint8Array({ minLength: 1, maxLength: 64 }), async (at, bytes) => {
        const damaged = Buffer.from(data);
        damaged.set(bytes.subarray(0, data.length - at), at);
        const outcome = await sizeOf({ kind: 'encoded', data: damaged }).catch((error: unknown) => error);
        expect(typeof outcome === 'string' || outcome instanceof UndecodablePictureError).toBe(true);
      }),
      { numRuns: 150 },
    );
    expect(await sizeOf(good)).toBe('160x120');
  });

  it('answers calls made at once in order, and refuses more than it can hold', async () => {
    const answers = await Promise.allSettled(Array.from({ length: 20 }, () => decoder.decode(good)));
    const decoded = answers.filter((answer) => answer.status === 'fulfilled').map((answer) => answer.value);
    decoded.forEach((picture) => picture.release());
    expect(decoded).toHaveLength(16);
    expect(answers.slice(16).every((answer) => answer.status === 'rejected' && answer.reason instanceof CodecBusyError)).toBe(
      true,
    );
  });

  it('waits for the call in flight when it is closed, and rejects the rest', async () => {
    const calls = [decoder.decode(good), decoder.decode(good), decoder.decode(good)];
    await Promise.resolve();
    decoder.close();
    decoder.close();
    const [first, ...rest] = await Promise.allSettled(calls);
    expect(first?.status).toBe('fulfilled');
    if (first?.status === 'fulfilled') first.value.release();
    for (const answer of rest) expect(answer).toMatchObject({ status: 'rejected', reason: expect.any(CodecClosedError) });
    await expect(decoder.decode(good)).rejects.toBeInstanceOf(CodecClosedError);
  });

  it('lets a picture be released twice', async () => {
    const decoded = await decoder.decode(good);
    decoded.release();
    expect(() => decoded.release()).not.toThrow();
  });
});
