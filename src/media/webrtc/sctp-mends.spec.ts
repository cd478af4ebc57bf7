import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RTCDataChannel, RTCDataChannelParameters, RTCSctpTransport, type RTCDtlsTransport } from 'werift';
import { DataChannel } from './data-channel.js';
import type { SctpAssociation, SctpDataChunk } from './sctp-internals.js';
import { mendSctp } from './sctp-mends.js';
import { retransmissionTimeout } from './sctp-recovery.js';

/** What DTLS 1.2 with AES-GCM adds to a packet, and the headers of UDP, IPv6 and a TURN channel: RFC 5288, 768, 8200, 8656. */
const HEADERS_BYTES = 13 + 8 + 16 + 8 + 40 + 4;
const PATH_MTU = 1280;
const ROUND_TRIP_MS = 50;
const [DATA, SACK] = [0, 3];

/** Whether a packet is lost; `type` is that of its one chunk. */
type Loss = (packet: { readonly type: number; readonly bytes: Buffer; readonly fromServer: boolean }) => boolean;

/** Two of werift's associations with a wire between them, in virtual time. */
class Wire {
  readonly server: RTCSctpTransport;
  readonly client: RTCSctpTransport;
  readonly packets: { readonly type: number; readonly bytes: Buffer; readonly fromServer: boolean }[] = [];
  lose: Loss = () => false;
  private readonly ends = new Map<boolean, { dataReceiver: (packet: Buffer) => void }>();

  constructor() {
    this.server = this.end(true);
    this.client = this.end(false);
  }

  async connect(): Promise<void> {
    await Promise.all([this.server.start(5000), this.client.start(5000)]);
    await vi.advanceTimersByTimeAsync(4 * ROUND_TRIP_MS);
  }

  /** A channel that is open on both sides, the server's end first. */
  channels(): [RTCDataChannel, RTCDataChannel] {
    const [server, client] = [this.server, this.client].map(
      (transport) =>
        new RTCDataChannel(
          transport,
          new RTCDataChannelParameters({ label: 'telefuser', id: 1, negotiated: true, ordered: true }),
        ),
    );
    if (server === undefined || client === undefined) throw new Error('two ends are two channels');
    return [server, client];
  }

  sentByServer(type: number): Buffer[] {
    return this.packets.filter((packet) => packet.fromServer && packet.type === type).map(({ bytes }) => bytes);
  }

  private end(isServer: boolean): RTCSctpTransport {
    const dtls = {
      id: String(isServer),
      iceTransport: { role: isServer ? 'controlled' : 'controlling' },
      onStateChange: { subscribe: () => ({ unSubscribe: () => undefined }) },
      dataReceiver: (): void => undefined,
      sendData: (data: Buffer): Promise<void> => {
        const packet = { type: data.readUInt8(12), bytes: Buffer.from(data), fromServer: isServer };
        this.packets.push(packet);
        if (!this.lose(packet)) setTimeout(() => this.ends.get(!isServer)?.dataReceiver(packet.bytes), ROUND_TRIP_MS / 2);
        return Promise.resolve();
      },
    };
    this.ends.set(isServer, dtls);
    const transport = new RTCSctpTransport();
    transport.setDtlsTransport(dtls as unknown as RTCDtlsTransport);
    // A number each time the same, which soon wraps.
    const localTsn = 2 ** 32 - 10;
    Object.assign(transport.sctp, { localTsn, lastSackedTsn: localTsn - 1, advancedPeerAckTsn: localTsn - 1 });
    mendSctp(transport);
    return transport;
  }
}

const association = ({ sctp }: RTCSctpTransport): SctpAssociation => sctp as unknown as SctpAssociation;

/** Loses a share of the packets, the same ones each time. */
function randomLoss(share: number): Loss {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32 < share;
  };
}

const message = (index: number, bytes: number): string => `${index} `.padEnd(bytes, 'x').slice(0, bytes);
const tsnOf = (packet: Buffer): number => packet.readUInt32BE(16);

describe("werift's SCTP with our mends", () => {
  let wire: Wire;
  beforeEach(async () => {
    vi.useFakeTimers();
    wire = new Wire();
    await wire.connect();
  });
  afterEach(async () => {
    await Promise.all([wire.server.stop(), wire.client.stop()]);
    vi.useRealTimers();
  });

  it('delivers messages of every size, both ways at once, with losses, in packets that fit a path of 1280 bytes', async () => {
    const sizes = [1, 2, 300, 1162, 1163, 1164, 1165, 5000, 65_536, 1, 262_144, 12];
    const received: string[][] = [[], []];
    const ends = wire.channels();
    wire.lose = randomLoss(0.05);
    for (const [index, end] of ends.entries()) {
      end.sctp.setRemoteMaxMessageSize(262_144);
      end.onMessage.subscribe((text) => void received[index]?.push(text.toString()));
      for (const [order, bytes] of sizes.entries()) end.send(message(order, bytes));
    }
    await vi.advanceTimersByTimeAsync(60_000);
    const sent = sizes.map((bytes, order) => message(order, bytes));
    expect(received[0]).toEqual(sent);
    expect(received[1]).toEqual(sent);
    const largest = Math.max(...wire.packets.map(({ bytes }) => bytes.length));
    expect(largest + HEADERS_BYTES).toBeLessThanOrEqual(PATH_MTU);
    // A path that carries no more is used to the full.
    expect(largest + HEADERS_BYTES).toBeGreaterThan(PATH_MTU - 8);
  });

  it('sends a burst as fast as the window opens, and counts each message as sent when it is', async () => {
    const [server, client] = wire.channels();
    let received = 0;
    client.onMessage.subscribe(() => void (received += 1));
    for (let index = 0; index < 3000; index += 1) server.send(message(index, 300));
    expect(server.bufferedAmount).toBeGreaterThan(890_000);
    await vi.advanceTimersByTimeAsync(5 * ROUND_TRIP_MS);
    expect(received).toBeGreaterThan(50);
    expect(server.bufferedAmount).toBeLessThanOrEqual(900_000 - 300 * received);
    await vi.advanceTimersByTimeAsync(15 * ROUND_TRIP_MS);
    expect(received).toBe(3000);
    expect(wire.sentByServer(DATA)).toHaveLength(3000);
  });

  it('sends a chunk that is lost among others again within two round trips, once, and nothing else', async () => {
    const [server, client] = wire.channels();
    let received = 0;
    client.onMessage.subscribe(() => void (received += 1));
    let count = 0;
    wire.lose = ({ type, fromServer }) => fromServer && type === DATA && (count += 1) === 3;
    for (let index = 0; index < 12; index += 1) server.send(message(index, 100));
    await vi.advanceTimersByTimeAsync(2 * ROUND_TRIP_MS);
    expect(received).toBe(12);
    await vi.advanceTimersByTimeAsync(5000);
    expect(wire.sentByServer(DATA)).toHaveLength(13);
  });

  it('sends a lone message that is lost again within 200 ms, and less often while nothing comes back', async () => {
    const [server, client] = wire.channels();
    let received = 0;
    client.onMessage.subscribe(() => void (received += 1));
    // The round trip becomes known.
    server.send('first');
    await vi.advanceTimersByTimeAsync(1000);
    let count = 0;
    wire.lose = ({ type, fromServer }) => fromServer && type === DATA && (count += 1) === 1;
    server.send('second');
    await vi.advanceTimersByTimeAsync(200 + ROUND_TRIP_MS);
    expect(received).toBe(2);

    wire.lose = () => true;
    const before = wire.sentByServer(DATA).length;
    server.send('third');
    await vi.advanceTimersByTimeAsync(10_000);
    expect(wire.sentByServer(DATA).length - before).toBeLessThanOrEqual(7);
    wire.lose = () => false;
    await vi.advanceTimersByTimeAsync(3200);
    expect(received).toBe(3);
  });

  it('does not send again on a time-out what is known to have arrived', async () => {
    const [server] = wire.channels();
    const before = wire.sentByServer(DATA).length;
    let lost: number | undefined;
    wire.lose = ({ type, bytes, fromServer }) => {
      if (!fromServer || type !== DATA) return false;
      lost ??= tsnOf(bytes);
      return tsnOf(bytes) === lost;
    };
    for (let index = 0; index < 10; index += 1) server.send(message(index, 100));
    await vi.advanceTimersByTimeAsync(2000);
    const again = wire
      .sentByServer(DATA)
      .slice(before + 10)
      .map(tsnOf);
    expect(again.length).toBeGreaterThan(2);
    expect(new Set(again)).toEqual(new Set([lost]));
  });

  it('asks for an acknowledgement at once where no other chunk follows', async () => {
    const [server] = wire.channels();
    server.send('lone');
    server.send('x'.repeat(2000));
    await vi.advanceTimersByTimeAsync(1000);
    const immediate = wire.sentByServer(DATA).map((packet) => (packet.readUInt8(13) & 0x08) !== 0);
    expect(immediate).toEqual([true, false, true]);
  });

  it('finds out by itself that a shut window is open again', async () => {
    const [server, client] = wire.channels();
    let received = 0;
    client.onMessage.subscribe(() => void (received += 1));
    association(wire.server).peerAdvertisedRwnd = 0;
    server.send('hello');
    server.send('again');
    await vi.advanceTimersByTimeAsync(ROUND_TRIP_MS * 2);
    expect(received).toBe(2);
  });

  it.each([
    ['ordered', 0x03],
    ['unordered', 0x07],
    ['endless', 0x00],
  ])('takes no more %s chunks than it has room for, and tells of them in packets that fit', async (kind, flags) => {
    const sctp = association(wire.server);
    const start = sctp.lastReceivedTsn ?? 0;
    const step = kind === 'endless' ? 1 : 2;
    for (let index = 1; index <= 10_000; index += 1) {
      const chunk = {
        type: DATA,
        flags,
        tsn: (start + step * index) >>> 0,
        streamId: 1,
        streamSeqNum: 9,
        userData: Buffer.from('x'),
      };
      sctp.receiveDataChunk(chunk as Partial<SctpDataChunk> as SctpDataChunk);
    }
    const held = sctp.inboundStreams[1]?.reassembly.length ?? 0;
    expect([held, sctp.sackMisOrdered.size]).toEqual({ ordered: [4096, 4096], unordered: [0, 4096], endless: [8192, 0] }[kind]);
    await sctp.sendSack();
    expect(wire.sentByServer(SACK).at(-1)?.length).toBe(12 + 16 + (kind === 'endless' ? 0 : 4 * 290));
  });

  it('ignores acknowledgements of what was never sent', async () => {
    const [server, client] = wire.channels();
    let received = 0;
    client.onMessage.subscribe(() => void (received += 1));
    const sctp = association(wire.server);
    await sctp.receiveSackChunk({ cumulativeTsn: (sctp.localTsn + 1000) >>> 0, advertisedRwnd: 1, gaps: [] });
    for (let index = 0; index < 50; index += 1) server.send(message(index, 1000));
    await vi.advanceTimersByTimeAsync(2000);
    expect(received).toBe(50);
  });

  it('flushes a channel when the client has everything, or the time is over', async () => {
    const [server] = wire.channels();
    const channel = new DataChannel(server);
    let flushed = false;
    const flush = async (timeoutMs: number): Promise<void> => {
      flushed = false;
      await channel.flushed(timeoutMs);
      flushed = true;
    };
    await flush(1000);
    expect(flushed).toBe(true);

    channel.send('the end');
    let count = 0;
    wire.lose = ({ type, fromServer }) => fromServer && type === DATA && (count += 1) === 1;
    void flush(5000);
    await vi.advanceTimersByTimeAsync(ROUND_TRIP_MS - 1);
    expect(flushed).toBe(false);
    await vi.advanceTimersByTimeAsync(600);
    expect(flushed).toBe(true);

    wire.lose = () => true;
    channel.send('unheard');
    void flush(5000);
    await vi.advanceTimersByTimeAsync(4999);
    expect(flushed).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(flushed).toBe(true);
  });

  it('refuses a message when 4 MiB wait, and loses none that it took', async () => {
    const [server, client] = wire.channels();
    let received = 0;
    client.onMessage.subscribe(() => void (received += 1));
    const channel = new DataChannel(server);
    let taken = 0;
    while (channel.send(message(taken, 60_000))) taken += 1;
    expect(taken).toBe(Math.floor((4 * 1024 * 1024) / 60_000) + 1);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(received).toBe(taken);
    expect(channel.send('again')).toBe(true);
  });

  it('refuses a message of more bytes than the client takes', async () => {
    const [server, client] = wire.channels();
    const received: string[] = [];
    client.onMessage.subscribe((text) => void received.push(text.toString()));
    const channel = new DataChannel(server);
    expect(channel.maxMessageBytes).toBe(65_536);
    expect(channel.send(`é${'x'.repeat(65_535)}`)).toBe(false);
    const full = `é${'x'.repeat(65_534)}`;
    expect(channel.send(full)).toBe(true);
    await vi.advanceTimersByTimeAsync(2000);
    expect(received).toEqual([full]);
    wire.server.setRemoteMaxMessageSize(0);
    expect(channel.maxMessageBytes).toBe(Infinity);
  });
});

describe('retransmissionTimeout', () => {
  it('is never less than the round trip and 100 ms, nor outside 0.2 s to 3 s', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 10, noNaN: true }),
        fc.double({ min: 0, max: 10, noNaN: true }),
        (roundTrip, variation) => {
          const timeout = retransmissionTimeout(roundTrip, variation);
          expect(timeout).toBeGreaterThanOrEqual(Math.min(3, Math.max(0.2, roundTrip + 0.1)));
          expect(timeout).toBeLessThanOrEqual(3);
        },
      ),
    );
  });
});
