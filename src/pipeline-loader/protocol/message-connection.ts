import type { Duplex } from 'node:stream';
import { MAX_HEADER_BYTES, MessageDecoder, type RawMessage } from './message-decoder.js';
import { encodeMessage } from './message-encoder.js';

export interface MessageConnectionListener {
  onMessage(message: RawMessage): void;
  /** Once. `error` is set when the stream failed or the other side broke the protocol; without it the other side closed the pipe. */
  onClose(error?: Error): void;
}

/**
 * What a host may say in a second, so that reading it never takes more than a share of the loop that sends everybody's packets: parsing a
 * header costs some 10 ns a byte, and handling a message some 10 µs. Whoever says more is read later, and waits at its pipe. Media is not
 * counted; it is paced by credits.
 */
const ALLOWANCE_PER_SECOND = 8 * 1024 * 1024;
const COST_OF_A_MESSAGE = 1024;

/** Messages over a duplex byte stream, which it owns. The same on both sides of the pipe, but for the limits of what each sends. */
export class MessageConnection {
  readonly #decoder: MessageDecoder;
  #closed = false;
  #allowance = ALLOWANCE_PER_SECOND;
  #allowanceAtMs = performance.now();
  #pause: NodeJS.Timeout | undefined;

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
      let cost = 0;
      for (const message of this.#decoder.push(piece)) {
        cost += COST_OF_A_MESSAGE + message.headerBytes;
        // Only chunks carry media, and only they are paced by credits.
        if (message.header['type'] !== 'chunk') cost += message.parts.reduce((sum, part) => sum + part.length, 0);
        this.listener.onMessage(message);
        // A message may have made its listener close the connection.
        if (this.#closed) return;
      }
      if (this.side === 'server') this.charge(cost);
    } catch (error) {
      this.#close(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** Counts what the other side sent; beyond its allowance it is read later. */
  charge(cost: number): void {
    if (this.#closed) return;
    const nowMs = performance.now();
    const earned = ((nowMs - this.#allowanceAtMs) / 1000) * ALLOWANCE_PER_SECOND;
    this.#allowance = Math.min(ALLOWANCE_PER_SECOND, this.#allowance + earned) - cost;
    this.#allowanceAtMs = nowMs;
    if (this.#allowance >= 0) return;
    this.stream.pause();
    this.#pause = setTimeout(() => this.stream.resume(), (-this.#allowance * 1000) / ALLOWANCE_PER_SECOND);
  }

  #close(error?: Error): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#pause);
    this.stream.destroy();
    this.listener.onClose(error);
  }
}
