import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_HEADER_BYTES, MESSAGE_LIMITS, MessageDecoder, ProtocolError, type RawMessage } from './message-decoder.js';
import { encodeMessage, MessageTooLargeError } from './message-encoder.js';

function wire(header: object, parts: readonly Uint8Array[] = []): Buffer {
  return Buffer.concat(encodeMessage(header, parts, MAX_HEADER_BYTES.fromHost));
}

function decode(pieces: readonly Buffer[]): RawMessage[] {
  const decoder = new MessageDecoder(MAX_HEADER_BYTES.fromHost);
  return pieces.flatMap((piece) => [...decoder.push(piece)]);
}

function prefix(headerLength: number, bodyLength: number, rest = ''): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(headerLength, 0);
  bytes.writeUInt32LE(bodyLength, 4);
  return Buffer.concat([bytes, Buffer.from(rest)]);
}

describe('MessageDecoder', () => {
  it('finds the same messages however the stream is cut', () => {
    const message = fc.record({
      header: fc.record({ type: fc.string(), more: fc.jsonValue({ maxDepth: 2 }) }),
      parts: fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 4 }),
    });
    fc.assert(
      fc.property(fc.array(message, { maxLength: 5 }), fc.array(fc.nat(60), { minLength: 1 }), (messages, cuts) => {
        const stream = Buffer.concat(messages.map(({ header, parts }) => wire(header, parts)));
        const pieces: Buffer[] = [];
        for (let offset = 0, i = 0; offset < stream.length; i += 1) {
          const length = (cuts[i % cuts.length] ?? 0) + 1;
          pieces.push(stream.subarray(offset, offset + length));
          offset += length;
        }
        const decoded = decode(pieces);
        expect(decoded).toHaveLength(messages.length);
        decoded.forEach(({ header, parts }, i) => {
          expect(header['type']).toBe(messages[i]!.header.type);
          expect(JSON.stringify(header['more'])).toBe(JSON.stringify(messages[i]!.header.more));
          expect(parts.map((part) => [...part])).toEqual(messages[i]!.parts.map((part) => [...part]));
        });
      }),
    );
  });

  it('hands out views of a piece that holds a whole message', () => {
    const piece = wire({ type: 'x' }, [Uint8Array.of(1, 2)]);
    const [message] = decode([piece]);
    expect(message!.parts[0]!.buffer).toBe(piece.buffer);
  });

  it.each([
    ['a header of nothing', prefix(0, 0)],
    ['a header over the limit', prefix(MAX_HEADER_BYTES.fromHost + 1, 0)],
    ['a body over the limit', prefix(2, MESSAGE_LIMITS.maxBodyBytes + 1)],
    ['a header that is no JSON', prefix(2, 0, '{]')],
    ['a header that is no object', prefix(2, 0, '[]')],
    ['a body without parts', prefix(2, 1, '{}x')],
    ['parts that are too long', prefix(13, 1, '{"parts":[2]}x')],
    ['parts that are too short', prefix(13, 2, '{"parts":[1]}xx')],
    ['a negative part', prefix(16, 1, '{"parts":[-1,2]}x')],
    ['parts that are no list', prefix(11, 0, '{"parts":1}')],
  ])('refuses %s', (_what, bytes) => {
    expect(() => decode([bytes])).toThrow(ProtocolError);
  });

  it('throws nothing but ProtocolError on random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          decode([Buffer.from(bytes)]);
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
      }),
    );
  });
});

describe('encodeMessage', () => {
  it('refuses what the decoder would refuse', () => {
    expect(() => encodeMessage({ text: 'x'.repeat(1000) }, [], 1000)).toThrow(MessageTooLargeError);
    const quarter = new Uint8Array(MESSAGE_LIMITS.maxBodyBytes / 4);
    expect(encodeMessage({}, [quarter, quarter, quarter, quarter], 1000)).toHaveLength(5);
    expect(() => encodeMessage({}, [quarter, quarter, quarter, quarter, Uint8Array.of(1)], 1000)).toThrow(MessageTooLargeError);
  });
});
