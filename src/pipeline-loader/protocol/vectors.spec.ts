import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decodeChunk, decodeMediaInput } from './media-codec.js';
import { MAX_HEADER_BYTES, MessageDecoder, ProtocolError, type RawMessage } from './message-decoder.js';
import { encodeMessage } from './message-encoder.js';
import { parseHostMessage, parseServerMessage } from './message-parsers.js';

type Side = 'server' | 'host';

/** Messages as they go over the pipe. The Python host is tested against the same file. */
interface Vectors {
  readonly messages: readonly {
    readonly name: string;
    readonly from: Side;
    readonly hex: string;
    readonly header: Readonly<Record<string, unknown>>;
    readonly parts: readonly string[];
  }[];
  readonly malformed: readonly { readonly name: string; readonly from: Side; readonly hex: string; readonly error: string }[];
}

const vectors = JSON.parse(readFileSync(new URL('../../../test/vectors/host-protocol.json', import.meta.url), 'utf8')) as Vectors;

function maxHeaderBytes(from: Side): number {
  return from === 'host' ? MAX_HEADER_BYTES.fromHost : MAX_HEADER_BYTES.fromServer;
}

function decode(from: Side, bytes: Buffer, pieceLength: number): RawMessage[] {
  const decoder = new MessageDecoder(maxHeaderBytes(from));
  const messages: RawMessage[] = [];
  for (let offset = 0; offset < bytes.length; offset += pieceLength) {
    messages.push(...decoder.push(Buffer.from(bytes.subarray(offset, offset + pieceLength))));
  }
  return messages;
}

function plain({ header, parts }: RawMessage): unknown {
  return { header, parts: parts.map((part) => Buffer.from(part).toString('hex')) };
}

describe.each(vectors.messages)('the recorded message "$name" of the $from', ({ from, hex, header, parts }) => {
  const bytes = Buffer.from(hex, 'hex');

  it.each([1, 7, bytes.length])('is read in pieces of %i bytes', (pieceLength) => {
    expect(decode(from, bytes, pieceLength).map(plain)).toEqual([{ header, parts }]);
  });

  it('is understood', () => {
    const [message] = decode(from, bytes, bytes.length);
    const parsed = from === 'host' ? parseHostMessage(message!) : parseServerMessage(message!);
    expect(parsed?.type).toBe(header['type'] === 'telepathy' ? undefined : header['type']);
    if (header['type'] === 'chunk') expect(decodeChunk(message!).metadata).toEqual(header['metadata']);
    if (header['type'] === 'media')
      expect(decodeMediaInput(message!).kind).toBe(header['audio'] === undefined ? 'video' : 'audio');
  });

  it('is written so that it reads the same', () => {
    const { parts: _, ...fields } = header;
    const written = encodeMessage(
      fields,
      parts.map((part) => Buffer.from(part, 'hex')),
      maxHeaderBytes(from),
    );
    expect(decode(from, Buffer.concat(written), 4096).map(plain)).toEqual([{ header, parts }]);
  });
});

it.each(vectors.malformed)('"$name" of the $from is refused', ({ from, hex, error }) => {
  const bytes = Buffer.from(hex, 'hex');
  expect(() => decode(from, bytes, bytes.length)).toThrow(ProtocolError);
  expect(() => decode(from, bytes, 1)).toThrow(error);
});
