/** Limits of one message in either direction, checked before anything is allocated. */
export const MESSAGE_LIMITS = { maxBodyBytes: 320 * 1024 * 1024, maxParts: 4096 } as const;

/**
 * Longest header by who sends it. To the host a request is one header, with the images that clients put into it. From the host it is
 * metadata, and the server parses it on the loop that sends everybody's packets.
 */
export const MAX_HEADER_BYTES = { fromServer: 64 * 1024 * 1024, fromHost: 1024 * 1024 } as const;

/** Bytes before the header: its length and the body's, both unsigned 32-bit little-endian. */
export const PREFIX_BYTES = 8;

/** The other side broke the protocol. It cannot be understood any more, so the process is ended. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}

/** A message as it came: its fields are not checked yet. The parts may share memory with each other. */
export interface RawMessage {
  readonly header: Readonly<Record<string, unknown>>;
  readonly parts: readonly Uint8Array[];
  readonly headerBytes: number;
}

/**
 * Cuts a byte stream into messages (`protocol/messages.ts` describes the format). Bytes may arrive in pieces of any size. A message that
 * lies whole in one piece is given out as views of it; one that does not is gathered in a single buffer, so a byte is copied at
 * most once.
 */
export class MessageDecoder {
  readonly #prefix = Buffer.alloc(PREFIX_BYTES);
  #prefixFilled = 0;
  #headerLength = 0;
  #message: Buffer | undefined;
  #messageFilled = 0;

  constructor(private readonly maxHeaderBytes: number) {}

  /**
   * Takes the next piece, which belongs to the decoder from now on, and hands out every message it completes.
   *
   * @throws ProtocolError on a length over the limit or a header that is no JSON object; the decoder is of no use afterwards
   */
  *push(piece: Buffer): Generator<RawMessage> {
    let offset = 0;
    while (offset < piece.length) {
      if (this.#message === undefined) {
        offset += this.#fillPrefix(piece, offset);
        if (this.#prefixFilled < PREFIX_BYTES) return;
        const length = this.#readLengths();
        this.#prefixFilled = 0;
        if (piece.length - offset >= length) {
          yield parseMessage(piece.subarray(offset, offset + length), this.#headerLength);
          offset += length;
          continue;
        }
        this.#message = Buffer.allocUnsafeSlow(length);
        this.#messageFilled = 0;
      }
      const copied = piece.copy(this.#message, this.#messageFilled, offset);
      offset += copied;
      this.#messageFilled += copied;
      if (this.#messageFilled === this.#message.length) {
        const message = this.#message;
        this.#message = undefined;
        yield parseMessage(message, this.#headerLength);
      }
    }
  }

  #fillPrefix(piece: Buffer, offset: number): number {
    const copied = piece.copy(this.#prefix, this.#prefixFilled, offset, offset + PREFIX_BYTES - this.#prefixFilled);
    this.#prefixFilled += copied;
    return copied;
  }

  #readLengths(): number {
    this.#headerLength = this.#prefix.readUInt32LE(0);
    const bodyLength = this.#prefix.readUInt32LE(4);
    if (this.#headerLength === 0 || this.#headerLength > this.maxHeaderBytes) {
      throw new ProtocolError(`a message header of ${this.#headerLength} bytes`);
    }
    if (bodyLength > MESSAGE_LIMITS.maxBodyBytes) throw new ProtocolError(`a message body of ${bodyLength} bytes`);
    return this.#headerLength + bodyLength;
  }
}

function parseMessage(bytes: Buffer, headerLength: number): RawMessage {
  let header: unknown;
  try {
    header = JSON.parse(bytes.toString('utf8', 0, headerLength));
  } catch (error) {
    throw new ProtocolError('a message header that is no JSON', { cause: error });
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header)) {
    throw new ProtocolError('a message header that is no JSON object');
  }
  const fields = header as Record<string, unknown>;
  return { header: fields, headerBytes: headerLength, parts: cutParts(bytes.subarray(headerLength), fields['parts'] ?? []) };
}

function cutParts(body: Buffer, lengths: unknown): Uint8Array[] {
  if (!Array.isArray(lengths) || lengths.length > MESSAGE_LIMITS.maxParts)
    throw new ProtocolError('a message with a bad list of parts');
  const parts: Uint8Array[] = [];
  let offset = 0;
  for (const length of lengths as unknown[]) {
    if (typeof length !== 'number' || !Number.isInteger(length) || length < 0 || offset + length > body.length) {
      throw new ProtocolError('a message with parts that do not fit its body');
    }
    parts.push(body.subarray(offset, offset + length));
    offset += length;
  }
  if (offset !== body.length) throw new ProtocolError('a message with more body than parts');
  return parts;
}
