import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Chunk, MediaInput, Picture } from '../../common/index.js';
import { pictureBytes } from '../contract/chunk-parser.js';
import { decodeChunk, decodeMediaInput, encodeChunk, encodeMediaInput } from './media-codec.js';
import { fromHostClock, hostClockMs } from './host-clock.js';
import { MessageDecoder, ProtocolError, type RawMessage } from './message-decoder.js';
import { encodeMessage } from './message-encoder.js';

function overTheWire({ header, parts }: { header: object; parts: readonly Uint8Array[] }): RawMessage {
  const [message] = new MessageDecoder(65_536).push(Buffer.concat(encodeMessage(header, parts, 65_536)));
  return message!;
}

/** The same value with bytes as text, so that a view and a copy compare as equal. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}

const rawPicture = fc
  .record({
    format: fc.constantFrom('I420' as const, 'RGB24' as const, 'RGBA' as const),
    width: fc.integer({ min: 1, max: 9 }),
    height: fc.integer({ min: 1, max: 9 }),
  })
  .map((shape): Picture => ({
    kind: 'raw',
    ...shape,
    data: new Uint8Array(pictureBytes(shape.format, shape.width, shape.height)).fill(7),
  }));
const encodedPicture = fc.uint8Array({ minLength: 1, maxLength: 30 }).map((data): Picture => ({ kind: 'encoded', data }));

describe('chunks over the wire', () => {
  it('arrive as they were sent', () => {
    const audio = fc.record({
      data: fc.uint8Array({ minLength: 1, maxLength: 9 }).map((bytes) => new Uint8Array(bytes.length * 4)),
      sampleRate: fc.integer({ min: 8000, max: 96_000 }),
      channels: fc.constantFrom(1 as const, 2 as const),
    });
    const chunk = fc.record(
      {
        pictures: fc.array(fc.oneof(rawPicture, encodedPicture), { maxLength: 5 }),
        metadata: fc
          .dictionary(fc.string(), fc.jsonValue())
          .map((fields) => JSON.parse(JSON.stringify(fields)) as Record<string, unknown>),
        fps: fc.integer({ min: 1, max: 240 }),
        index: fc.integer(),
        delivery: fc.constantFrom('lossless' as const, 'latest' as const),
        queueMs: fc.integer({ min: 0, max: 60_000 }),
        audio,
      },
      { requiredKeys: ['pictures', 'metadata'] },
    );
    fc.assert(
      fc.property(chunk, (sent) => {
        expect(plain(decodeChunk(overTheWire(encodeChunk(1, sent as Chunk))))).toEqual(plain(sent));
      }),
    );
  });

  it('bring their times on the clock of the server', () => {
    const nowMs = performance.now();
    const stamps = { yieldedAtMs: hostClockMs(), applied: [{ id: 'a', pushedAtMs: 5 }, { id: 'b' }] };
    const { yieldedAtMs, ...chunk } = decodeChunk(overTheWire(encodeChunk(1, { pictures: [], metadata: {} }, stamps)));
    expect(Math.abs((yieldedAtMs ?? 0) - nowMs)).toBeLessThan(1000);
    expect(chunk).toEqual({ pictures: [], metadata: {}, appliedControls: ['a', 'b'], pushedAtMs: [fromHostClock(5), undefined] });
  });

  it.each([
    ['no pictures', { metadata: {} }, []],
    ['no metadata', { pictures: [] }, []],
    ['a part too few', { metadata: {}, pictures: [{ kind: 'encoded' }] }, []],
    ['a part too many', { metadata: {}, pictures: [] }, [Uint8Array.of(1)]],
    ['an empty picture', { metadata: {}, pictures: [{ kind: 'encoded' }] }, [new Uint8Array()]],
    ['an unknown kind', { metadata: {}, pictures: [{ kind: 'hologram' }] }, [Uint8Array.of(1)]],
    [
      'a size that does not fit',
      { metadata: {}, pictures: [{ kind: 'raw', format: 'RGB24', width: 2, height: 1 }] },
      [Uint8Array.of(1)],
    ],
    [
      'a broken size',
      { metadata: {}, pictures: [{ kind: 'raw', format: 'RGB24', width: 0.5, height: 2 }] },
      [Uint8Array.of(1, 2, 3)],
    ],
    ['a pace out of bounds', { metadata: {}, pictures: [], fps: 1e9 }, []],
    ['an unknown delivery', { metadata: {}, pictures: [], delivery: 'soon' }, []],
    ['a queue out of bounds', { metadata: {}, pictures: [], queueMs: 60_001 }, []],
    ['a time that is none', { metadata: {}, pictures: [], yieldedAtMs: 'now' }, []],
    ['controls that are no list', { metadata: {}, pictures: [], applied: {} }, []],
    ['too many controls', { metadata: {}, pictures: [], applied: Array.from({ length: 257 }, () => ({ id: 'a' })) }, []],
    ['a control without an id', { metadata: {}, pictures: [], applied: [{ pushedAtMs: 1 }] }, []],
    ['an id that is too long', { metadata: {}, pictures: [], applied: [{ id: 'x'.repeat(129) }] }, []],
    ['a push that was never', { metadata: {}, pictures: [], applied: [{ id: 'a', pushedAtMs: -1 }] }, []],
    ['a torn sample', { metadata: {}, pictures: [], audio: { sampleRate: 8000, channels: 2 } }, [Uint8Array.of(1, 2)]],
    ['an impossible rate', { metadata: {}, pictures: [], audio: { sampleRate: 1, channels: 1 } }, [Uint8Array.of(1, 2)]],
  ])('are refused with %s', (_what, header, parts) => {
    expect(() => decodeChunk(overTheWire({ header, parts }))).toThrow(ProtocolError);
  });
});

describe('incoming media over the wire', () => {
  it('arrives as it was sent', () => {
    const video: MediaInput = {
      kind: 'video',
      pictures: [{ kind: 'raw', format: 'RGB24', width: 2, height: 1, data: new Uint8Array(6) }],
    };
    const audio: MediaInput = { kind: 'audio', audio: { data: new Uint8Array(8), sampleRate: 48_000, channels: 2 } };
    for (const input of [video, audio]) {
      expect(plain(decodeMediaInput(overTheWire(encodeMediaInput(input))))).toEqual(plain(input));
    }
  });
});
