import type { Duplex } from 'node:stream';
import { MAX_HEADER_BYTES, MessageDecoder, type RawMessage } from './message-decoder.js';
import { encodeMessage } from './message-encoder.js';

export interface MessageConnectionListener {
  onMessage(message: RawMessage): void;
  /** Once. `error` is set when the stream failed or the other side broke the protocol; without it the other side closed the pipe. */
  onClose(error?: Error): void;
}

/** Messages over a duplex byte stream, which it owns. The same on both sides of the pipe, but for the limits of what each sends. */
export class MessageConnection {
  readonly #decoder: MessageDecoder;
  #closed = false;

  constructor(
    private readonly side: 'server' | 'host',
    private readonly stream: Duplex,
    private readonly listener: MessageConnectionListener,
  ) {
    this.#decoder = new MessageDecoder(side === 'server' ? MAX_HEADER_BYTES.fromHost : MAX_HEADER_BYTES.fromServer);
    stream.on('data', (piece: Buffer) => this.#receive(piece));
    stream.on('end', () => this.#close());
    stream.on('close', () => this.#close());
    stream.on('error', (error) => this.#close(error));
  }

  /** Bytes that were sent but that the pipe has not taken yet. */
  get pendingBytes(): number {
    return this.stream.writableLength;
  }

  /**
   * Sends a message. The parts are not copied: they must not change before the promise settles, which is when the pipe has taken them.
   * Resolves as well when the connection is or gets closed, since then nobody reads the parts any more.
   *
   * @throws MessageTooLargeError at once, and then nothing was sent
   */
  send(header: object, parts: readonly Uint8Array[] = []): Promise<void> {
    const maxHeaderBytes = this.side === 'server' ? MAX_HEADER_BYTES.fromServer : MAX_HEADER_BYTES.fromHost;
    const buffers = encodeMessage(header, parts, maxHeaderBytes);
    if (this.#closed || this.stream.destroyed) return Promise.resolve();
    return new Promise((resolve) => {
      this.stream.cork();
      const last = buffers.length - 1;
      buffers.forEach((buffer, position) => {
        if (position === last) this.stream.write(buffer, () => resolve());
        else this.stream.write(buffer);
      });
      this.stream.uncork();
    });
  }

  /** Idempotent. The listener hears of it. */
  close(): void {
    this.#close();
  }

  #receive(piece: Buffer): void {
    if (this.#closed) return;
    try {
      for (const message of this.#decoder.push(piece)) {
        this.listener.onMessage(message);
        // A message may have made its listener close the connection.
        if (this.#closed) return;
      }
    } catch (error) {
      this.#close(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #close(error?: Error): void {
    if (this.#closed) return;
    this.#closed = true;
    this.stream.destroy();
    this.listener.onClose(error);
  }
}
