import type { LinkObserver } from './server-link.js';
import type { ServerMessage } from './server-messages.js';

/** Of a link that is still being opened; a server cannot say much by then. */
const MAX_HELD = 1000;

/** Keeps what happens to a link until somebody takes the link, and hands it on then, in its order. */
export class LinkEvents implements LinkObserver {
  #observer: LinkObserver | undefined;
  #held: ((observer: LinkObserver) => void)[] = [];

  connectionChanged(state: RTCPeerConnectionState): void {
    this.#pass((observer) => observer.connectionChanged(state));
  }

  messageReceived(message: ServerMessage): void {
    this.#pass((observer) => observer.messageReceived(message));
  }

  linkEnded(): void {
    this.#pass((observer) => observer.linkEnded());
  }

  adopt(observer: LinkObserver): void {
    const held = this.#held.splice(0);
    this.#observer = observer;
    for (const event of held) event(observer);
  }

  #pass(event: (observer: LinkObserver) => void): void {
    if (this.#observer !== undefined) event(this.#observer);
    else if (this.#held.length < MAX_HELD) this.#held.push(event);
  }
}
