import type { SctpTransport } from './sctp-internals.js';

/** werift's number for an association that is up (RFC 9260 section 4). */
const ESTABLISHED = 4;

/**
 * Hands waiting messages to the association one after another. werift begins to do so for each message sent and for each acknowledgement, and
 * each of these runs wakes at every step of any: a burst costs the square of its length (5,000 messages stop the event loop for good), and no
 * message counts as sent before all have been.
 */
export function sendInTurn(transport: SctpTransport): void {
  const flush = transport.dataChannelFlush.bind(transport);
  let flushing = false;
  transport.dataChannelFlush = async () => {
    if (flushing) return;
    flushing = true;
    try {
      // Again, where a message came between the end of the run and this line.
      do await flush();
      while (transport.dataChannelQueue.length > 0 && transport.sctp.associationState === ESTABLISHED);
    } finally {
      flushing = false;
    }
  };
}
