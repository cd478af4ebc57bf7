import type { RTCDataChannel } from 'werift';

/** Bytes that may wait unsent on a channel before messages are dropped: a client that stopped reading must not cost memory. */
const MAX_BUFFERED_BYTES = 4 * 1024 * 1024;

/** The server's end of a data channel that a client created (W3C WebRTC section 6.2). Owned by its peer connection. */
export class DataChannel {
  private messageListener: ((message: string | Uint8Array) => void) | undefined;
  private openListener: (() => void) | undefined;
  private closeListener: (() => void) | undefined;

  constructor(private readonly channel: RTCDataChannel) {
    channel.onMessage.subscribe((message) => this.messageListener?.(message));
    channel.stateChanged.subscribe((state) => {
      if (state === 'open') this.openListener?.();
      else if (state === 'closed') this.closeListener?.();
    });
  }

  get label(): string {
    return this.channel.label;
  }

  get isOpen(): boolean {
    return this.channel.readyState === 'open';
  }

  /** The one listener for messages: text as string, binary as bytes. It must not throw. */
  onMessage(listener: (message: string | Uint8Array) => void): void {
    this.messageListener = listener;
  }

  /** Calls `listener` once the channel is open: at once if it is already. */
  onOpen(listener: () => void): void {
    if (this.isOpen) listener();
    else this.openListener = listener;
  }

  /** The one listener for the end of the channel, whoever ended it. */
  onClose(listener: () => void): void {
    this.closeListener = listener;
  }

  /** Bytes of one message that the client takes (`a=max-message-size`, RFC 8841 section 6; 64 KiB where it says nothing). */
  get maxMessageBytes(): number {
    const { remoteMaxMessageSize } = this.channel.sctp;
    return remoteMaxMessageSize === 0 ? Infinity : remoteMaxMessageSize;
  }

  /** Sends text; false if it was dropped since the channel is not open, too much waits already, or it is more than the client takes. */
  send(text: string): boolean {
    if (!this.isOpen || this.channel.bufferedAmount > MAX_BUFFERED_BYTES) return false;
    if (Buffer.byteLength(text) > this.maxMessageBytes) return false;
    try {
      this.channel.send(text);
      return true;
    } catch {
      // werift throws when the association went away between the check and the call; the close event follows.
      return false;
    }
  }

  /** Resolves when the client has acknowledged everything sent so far, the channel closed, or `timeoutMs` passed. */
  async flushed(timeoutMs: number): Promise<void> {
    if (!this.isOpen || this.isAcknowledged) return;
    await new Promise<void>((resolve) => {
      const subscriptions = [
        // werift's name for "an acknowledgement was dealt with".
        this.channel.sctp.sctp.flush.subscribe(() => {
          if (this.isAcknowledged) finish();
        }),
        this.channel.stateChanged.subscribe(() => finish()),
      ];
      const timer = setTimeout(() => finish(), timeoutMs);
      const finish = (): void => {
        clearTimeout(timer);
        for (const subscription of subscriptions) subscription.unSubscribe();
        resolve();
      };
    });
  }

  close(): void {
    try {
      this.channel.close();
    } catch {
      // Closing a channel whose association is gone is what was wanted.
    }
  }

  private get isAcknowledged(): boolean {
    const { sentQueue } = this.channel.sctp.sctp as unknown as { readonly sentQueue: readonly unknown[] };
    return this.channel.bufferedAmount === 0 && sentQueue.length === 0;
  }
}
