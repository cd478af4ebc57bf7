import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CHUNK_LIMITS, ChunkFormatError, parseChunk, pictureBytes } from './chunk-parser.js';

const JPEG = Uint8Array.of(0xff, 0xd8, 0xff, 0xd9);
const JPEG_B64 = Buffer.from(JPEG).toString('base64');

function refusal(chunk: unknown): string {
  try {
    parseChunk(chunk);
  } catch (error) {
    if (error instanceof ChunkFormatError) return error.message;
    throw error;
  }
  return 'accepted';
}

describe('parseChunk, pictures', () => {
  it('undoes the base64 of frames_b64', () => {
    const { pictures } = parseChunk({ frames_b64: [JPEG_B64, JPEG_B64] });
    expect(pictures).toHaveLength(2);
    expect([...pictures[1]!.data]).toEqual([...JPEG]);
    expect(pictures[1]!.kind).toBe('encoded');
  });

  it('takes raw frames and JPEG bytes without a copy', () => {
    const data = new Uint8Array(4 * 2 * 3);
    const { pictures } = parseChunk({ frames: [{ format: 'RGB24', width: 4, height: 2, data }, JPEG] });
    expect(pictures).toEqual([
      { kind: 'raw', format: 'RGB24', width: 4, height: 2, data },
      { kind: 'encoded', data: JPEG },
    ]);
    expect(pictures[0]!.data).toBe(data);
  });

  it('takes the clamped array of a canvas', () => {
    const { pictures } = parseChunk({
      frames: [{ format: 'RGBA', width: 2, height: 1, data: new Uint8ClampedArray(8).fill(9) }],
    });
    expect([...pictures[0]!.data]).toEqual(Array.from({ length: 8 }, () => 9));
  });

  it('prefers frames that are not empty to frames_b64', () => {
    expect(parseChunk({ frames: [JPEG], frames_b64: [JPEG_B64, JPEG_B64] }).pictures).toHaveLength(1);
    expect(parseChunk({ frames: [], frames_b64: [JPEG_B64, JPEG_B64] }).pictures).toHaveLength(2);
  });

  it('rounds the chroma planes of I420 up', () => {
    expect(pictureBytes('I420', 3, 3)).toBe(9 + 2 * 4);
    expect(refusal({ frames: [{ format: 'I420', width: 3, height: 3, data: new Uint8Array(17) }] })).toBe('accepted');
  });

  it.each([
    [{ frames_b64: [JPEG_B64, JPEG_B64, JPEG_B64, '!!!!'] }, 'frames_b64[3] is not base64'],
    [{ frames_b64: [JPEG_B64, 5] }, 'frames_b64[1] must be a base64 string, not number'],
    [{ frames_b64: [''] }, 'frames_b64[0] is empty'],
    [{ frames_b64: 'abcd' }, 'frames_b64 must be an array, not string'],
    [{ frames: { format: 'I420' } }, 'frames must be an array, not Object'],
    [{ frames: [new Uint8Array()] }, 'frames[0] is empty'],
    [{ frames: [7] }, 'frames[0] must be JPEG bytes or {format, width, height, data}, not number'],
    [{ frames: [{ format: 'BGR', width: 2, height: 2, data: JPEG }] }, 'frames[0].format must be I420, RGB24 or RGBA'],
    [
      { frames: [{ format: 'RGBA', width: 0, height: 2, data: JPEG }] },
      'frames[0].width must be a whole number of pixels from 1 to 4096',
    ],
    [
      { frames: [{ format: 'RGBA', width: 2, height: 4097, data: JPEG }] },
      'frames[0].height must be a whole number of pixels from 1 to 4096',
    ],
    [{ frames: [{ format: 'RGBA', width: 2, height: 2, data: JPEG }] }, 'frames[0].data holds 4 bytes; 2×2 RGBA is 16'],
    [{ frames: [{ format: 'RGBA', width: 1, height: 1, data: [1, 2, 3, 4] }] }, 'frames[0].data must be a Uint8Array'],
    [{ frames: Array.from({ length: 1025 }, () => JPEG) }, 'frames holds 1025 frames; a chunk may carry 1024'],
    ['text', 'a chunk must be an object, not string'],
    [null, 'a chunk must be an object, not null'],
    [[], 'a chunk must be an object, not an array'],
    [JPEG, 'a chunk must be an object, not Uint8Array'],
  ])('refuses %j', (chunk, message) => {
    expect(refusal(chunk)).toBe(message);
  });

  it('accepts exactly as many frames and bytes as the limits say', () => {
    expect(parseChunk({ frames: Array.from({ length: CHUNK_LIMITS.maxFrames }, () => JPEG) }).pictures).toHaveLength(1024);
    const half = new Uint8Array(CHUNK_LIMITS.maxMediaBytes / 2);
    expect(refusal({ frames: [half, half] })).toBe('accepted');
    expect(refusal({ frames: [half, half, JPEG] })).toBe('the chunk carries more than 256 MiB of media; yield smaller chunks');
  });
});

describe('parseChunk, audio', () => {
  it('defaults to 48 kHz mono', () => {
    expect(parseChunk({ audio_b64: 'AAABAA==' }).audio).toEqual({
      data: Buffer.from([0, 0, 1, 0]),
      sampleRate: 48_000,
      channels: 1,
    });
  });

  it('sees an Int16Array as little-endian bytes of the same memory', () => {
    const pcm = Int16Array.of(1, -2, 3, -4);
    const { audio } = parseChunk({ audio: pcm.subarray(2), audio_sample_rate: 16_000, audio_channels: 2 });
    expect(audio).toEqual({ data: Uint8Array.of(3, 0, 0xfc, 0xff), sampleRate: 16_000, channels: 2 });
    expect(audio!.data.buffer).toBe(pcm.buffer);
  });

  it('treats empty audio as none', () => {
    expect(parseChunk({ audio_b64: '' }).audio).toBeUndefined();
    expect(parseChunk({ audio: new Int16Array() }).audio).toBeUndefined();
    expect(parseChunk({ audio: null, audio_b64: null }).audio).toBeUndefined();
  });

  it.each([
    [{ audio_b64: 'AAA=', audio_channels: 2 }, 'audio_b64 holds 2 bytes, which is no multiple of 4 (16 bits × 2 channels)'],
    [{ audio: Uint8Array.of(1, 2, 3) }, 'audio holds 3 bytes, which is no multiple of 2 (16 bits × 1 channels)'],
    [{ audio: new Float32Array(2) }, 'audio must be an Int16Array or a Uint8Array of 16-bit PCM, not Float32Array'],
    [{ audio_b64: 'AAA=', audio_sample_rate: 7999 }, 'audio_sample_rate must be a whole number of hertz from 8000 to 96000'],
    [{ audio_b64: 'AAA=', audio_sample_rate: 96_001 }, 'audio_sample_rate must be a whole number of hertz from 8000 to 96000'],
    [{ audio_b64: 'AAA=', audio_channels: 3 }, 'audio_channels must be 1 or 2'],
    [{ audio_b64: 'A' }, 'audio_b64 is not base64'],
  ])('refuses %j', (chunk, message) => {
    expect(refusal(chunk)).toBe(message);
  });
});

describe('parseChunk, fps and index', () => {
  it.each([0.5, 241, -1, Number.NaN, Number.POSITIVE_INFINITY, '24'])('refuses an fps of %s', (fps) => {
    expect(refusal({ fps })).toBe('fps must be a number from 1 to 240');
  });

  it.each([1, 23.976, 240])('takes an fps of %s', (fps) => {
    expect(parseChunk({ fps }).fps).toBe(fps);
  });

  it('takes a numeric index and leaves another to the metadata', () => {
    expect(parseChunk({ index: 4 }).index).toBe(4);
    const named = parseChunk({ index: 'last' });
    expect(named.index).toBeUndefined();
    expect(named.metadata).toEqual({ index: 'last' });
  });
});

describe('parseChunk, metadata', () => {
  it('keeps every field that is not media', () => {
    const chunk = {
      type: 'chunk',
      index: 1,
      fps: 24,
      num_frames: 1,
      resolution: '832x480',
      prompt: 'p',
      timestamp: 1.5,
      score: [1],
    };
    expect(
      parseChunk({ ...chunk, frames_b64: [JPEG_B64], audio_b64: 'AAA=', audio_sample_rate: 8000, audio_channels: 1 }).metadata,
    ).toEqual(chunk);
  });

  it('looks into data when the top level has no frames, and drops it when nothing is left', () => {
    const chunk = parseChunk({ type: 'chunk', data: { frames_b64: [JPEG_B64], audio_b64: 'AAA=', fps: 12 } });
    expect(chunk.pictures).toHaveLength(1);
    expect(chunk.audio?.data.length).toBe(2);
    expect(chunk.fps).toBe(12);
    expect(chunk.metadata).toEqual({ type: 'chunk', data: { fps: 12 } });
    expect(parseChunk({ a: 1, data: { frames_b64: [JPEG_B64] } }).metadata).toEqual({ a: 1 });
  });

  it('leaves data alone when the top level has frames', () => {
    const chunk = parseChunk({ frames: [JPEG], data: { frames_b64: 'mine' } });
    expect(chunk.pictures).toHaveLength(1);
    expect(chunk.metadata).toEqual({ data: { frames_b64: 'mine' } });
  });

  it('does not lose the top level’s audio to a data object', () => {
    expect(parseChunk({ audio_b64: 'AAA=', data: { speaker: 2 } })).toMatchObject({
      audio: { channels: 1 },
      metadata: { data: { speaker: 2 } },
    });
  });

  it('keeps a scalar frames or audio, which is a pipeline’s own word', () => {
    const chunk = parseChunk({ frames: 24, audio: 'a.wav', frames_b64: [JPEG_B64], audio_b64: 'AAA=' });
    expect(chunk.metadata).toEqual({ frames: 24, audio: 'a.wav' });
    expect(chunk.pictures).toHaveLength(1);
    expect(chunk.audio?.data.length).toBe(2);
  });

  it('turns what JSON cannot hold into something it can', () => {
    expect(parseChunk({ seed: 10n, loss: Number.NaN, at: new Date(0), by: new Map([['k', 1]]) }).metadata).toEqual({
      seed: '10',
      loss: 'NaN',
      at: '1970-01-01T00:00:00.000Z',
      by: { k: 1 },
    });
  });
});

describe('parseChunk, whatever it is given', () => {
  const media = fc.constantFrom(
    'frames',
    'frames_b64',
    'audio',
    'audio_b64',
    'audio_sample_rate',
    'audio_channels',
    'data',
    'fps',
    'x',
  );
  const anything = fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true, withTypedArray: true });

  it('returns a chunk whose metadata is JSON without media keys, or throws ChunkFormatError', () => {
    fc.assert(
      fc.property(fc.oneof(anything, fc.dictionary(media, fc.oneof(anything, fc.dictionary(media, anything)))), (value) => {
        try {
          const { metadata, pictures, audio } = parseChunk(value);
          expect(JSON.parse(JSON.stringify(metadata))).toEqual(metadata);
          for (const key of ['frames_b64', 'audio_b64', 'audio_sample_rate', 'audio_channels'])
            expect(metadata).not.toHaveProperty(key);
          for (const key of ['frames', 'audio']) expect(typeof metadata[key]).not.toBe('object');
          expect(pictures.every((picture) => picture.data.length > 0)).toBe(true);
          if (audio !== undefined) expect(audio.data.length % (2 * audio.channels)).toBe(0);
        } catch (error) {
          expect(error).toBeInstanceOf(ChunkFormatError);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('gives back every picture and sample it was given', () => {
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 50 });
    fc.assert(
      fc.property(
        fc.array(bytes, { minLength: 1, maxLength: 8 }),
        fc.int16Array({ minLength: 1 }),
        fc.boolean(),
        (frames, pcm, nested) => {
          const fields = {
            frames_b64: frames.map((frame) => Buffer.from(frame).toString('base64')),
            audio_b64: Buffer.from(pcm.buffer, pcm.byteOffset, pcm.byteLength).toString('base64'),
          };
          const chunk = parseChunk(nested ? { data: fields } : fields);
          expect(chunk.pictures.map((picture) => [...picture.data])).toEqual(frames.map((frame) => [...frame]));
          expect(Buffer.compare(chunk.audio!.data, Buffer.from(pcm.buffer, pcm.byteOffset, pcm.byteLength))).toBe(0);
          expect(chunk.metadata).toEqual({});
        },
      ),
    );
  });
});

describe('parseChunk, applied controls', () => {
  it('takes a list of ids from the top level or from nested data, in either spelling, and not as metadata', () => {
    for (const chunk of [
      { applied_controls: ['a', 7] },
      { appliedControls: ['a', 7] },
      { data: { frames: [JPEG], applied_controls: ['a', 7] } },
      { applied_controls: ['a', 7], data: { frames: [JPEG] } },
    ]) {
      expect(parseChunk(chunk)).toMatchObject({ appliedControls: ['a', '7'], metadata: {} });
      expect(Object.keys(parseChunk(chunk).metadata)).toEqual([]);
    }
  });

  it('takes an empty list for the word of a pipeline that names them itself', () => {
    expect(parseChunk({ applied_controls: [] })).toEqual({ pictures: [], appliedControls: [], metadata: {} });
  });

  it.each(['applied_control_ids', 'appliedControlIds'])(
    'takes the ids from %s, and leaves applied_controls to the pipeline',
    (name) => {
      const snapshot = { applied_controls: ['w', 'j'] };
      expect(parseChunk({ ...snapshot, [name]: ['a', 7] })).toEqual({
        pictures: [],
        appliedControls: ['a', '7'],
        metadata: snapshot,
      });
      expect(parseChunk({ ...snapshot, [name]: [] })).toEqual({ pictures: [], appliedControls: [], metadata: snapshot });
      // What cannot be read as ids does not make ids of the keys.
      for (const unreadable of [[true], 'a', null])
        expect(parseChunk({ ...snapshot, [name]: unreadable })).toEqual({ pictures: [], metadata: snapshot });
    },
  );

  it('finds the ids of controls, which stay metadata as well', () => {
    const applied_controls = [
      { key: 'ArrowUp', action: 'press', id: 'a' },
      { key: 'ArrowUp', action: 'release' },
    ];
    expect(parseChunk({ applied_controls })).toEqual({ pictures: [], appliedControls: ['a'], metadata: { applied_controls } });
  });

  it.each([[[{ key: 'ArrowUp', action: 'press' }]], ['a'], [7], [null], [{ a: 1 }]])(
    'leaves %j, which names none, to the pipeline',
    (applied_controls) => {
      expect(parseChunk({ applied_controls })).toEqual({ pictures: [], metadata: { applied_controls } });
    },
  );
});

describe('parseChunk, delivery', () => {
  it('takes both keys from the top level or from nested data, and never as metadata', () => {
    const fields = { delivery: 'latest', queue_ms: 0, note: 'kept' };
    expect(parseChunk({ frames: [JPEG], ...fields })).toMatchObject({
      delivery: 'latest',
      queueMs: 0,
      metadata: { note: 'kept' },
    });
    expect(parseChunk({ data: { frames: [JPEG], ...fields } })).toMatchObject({
      delivery: 'latest',
      queueMs: 0,
      metadata: { data: { note: 'kept' } },
    });
    for (const { metadata } of [parseChunk(fields), parseChunk({ data: { frames: [JPEG], ...fields } })]) {
      expect(JSON.stringify(metadata)).not.toMatch(/delivery|queue_ms/u);
    }
  });

  it('leaves both out when they are absent or null', () => {
    for (const chunk of [parseChunk({}), parseChunk({ delivery: null, queue_ms: null })]) {
      expect(Object.keys(chunk)).toEqual(['pictures', 'metadata']);
    }
  });

  it.each([
    [{ delivery: 'fast' }, 'delivery must be "lossless" or "latest"'],
    [{ delivery: true }, 'delivery must be "lossless" or "latest"'],
    [{ queue_ms: -1 }, 'queue_ms must be a number of milliseconds from 0 to 60000'],
    [{ queue_ms: 60_001 }, 'queue_ms must be'],
    [{ queue_ms: '100' }, 'queue_ms must be'],
    [{ queue_ms: Number.NaN }, 'queue_ms must be'],
  ])('refuses %j', (chunk, message) => {
    expect(refusal(chunk)).toContain(message);
  });
});
