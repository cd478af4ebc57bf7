import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Pacer, type PacedPacket, type PacketClass } from './pacer.js';

interface TestPacket extends PacedPacket {
  readonly number: number;
}

interface Sent extends TestPacket {
  readonly atMs: number;
  readonly probe: number | undefined;
}

let numbers = 0;
const packet = (packetClass: PacketClass, bytes = 1200): TestPacket => ({ class: packetClass, bytes, number: (numbers += 1) });

/** Lets everything leave, on timers that fire `lateMs` after they should; gives up after ten minutes. */
function drain(pacer: Pacer<TestPacket>, fromMs: number, lateMs = 0): Sent[] {
  const sent: Sent[] = [];
  let nowMs = fromMs;
  for (;;) {
    for (let next = pacer.take(nowMs); next !== undefined; next = pacer.take(nowMs)) {
      sent.push({ ...next.packet, atMs: nowMs, probe: next.probe });
    }
    const waitMs = pacer.waitMs(nowMs);
    if (waitMs === undefined) return sent;
    if (nowMs > fromMs + 600_000) throw new Error('packets never leave');
    nowMs += Math.max(waitMs, 0.01) + lateMs;
  }
}

const CLASSES = fc.constantFrom<PacketClass>('audio', 'retransmission', 'video');
const ARRIVALS = fc.array(
  fc.record({
    afterMs: fc.double({ min: 0, max: 40, noNaN: true }),
    packetClass: CLASSES,
    bytes: fc.integer({ min: 40, max: 1228 }),
  }),
  { minLength: 1, maxLength: 120 },
);
const PACE = fc.integer({ min: 50_000, max: 20_000_000 });

/** Packets that come over time, and when each left. */
function simulate(
  pace: number,
  arrivals: readonly { afterMs: number; packetClass: PacketClass; bytes: number }[],
  lateMs: number,
) {
  const pacer = new Pacer<TestPacket>(pace);
  const enqueued: { packet: TestPacket; atMs: number }[] = [];
  const sent: Sent[] = [];
  const send = (nowMs: number): void => {
    for (let next = pacer.take(nowMs); next !== undefined; next = pacer.take(nowMs)) {
      sent.push({ ...next.packet, atMs: nowMs, probe: next.probe });
    }
  };
  let nowMs = 0;
  for (const { afterMs, packetClass, bytes } of arrivals) {
    const comesMs = nowMs + afterMs;
    for (;;) {
      const waitMs = pacer.waitMs(nowMs);
      if (waitMs === undefined || nowMs + waitMs + lateMs >= comesMs) break;
      nowMs += Math.max(waitMs, 0.01) + lateMs;
      send(nowMs);
    }
    nowMs = comesMs;
    if (!pacer.hasRoom(packetClass, bytes)) continue;
    const one = packet(packetClass, bytes);
    pacer.enqueue(one);
    enqueued.push({ packet: one, atMs: nowMs });
    send(nowMs);
  }
  sent.push(...drain(pacer, nowMs, lateMs));
  return { enqueued, sent };
}

describe('Pacer', () => {
  it('never lets more leave than the pace and a burst of 5 ms, or one packet where that is more', () => {
    fc.assert(
      fc.property(PACE, ARRIVALS, fc.double({ min: 0, max: 15, noNaN: true }), (pace, arrivals, lateMs) => {
        const sent = simulate(pace, arrivals, lateMs).sent.filter((one) => one.class !== 'audio');
        const bytesPerMs = pace / 8000;
        const burst = Math.max(bytesPerMs * 5, Math.max(...sent.map(({ bytes }) => bytes), 0));
        for (const [index, from] of sent.entries()) {
          let bytes = 0;
          for (const to of sent.slice(index)) {
            bytes += to.bytes;
            expect(bytes).toBeLessThanOrEqual(bytesPerMs * (to.atMs - from.atMs) + burst + 1);
          }
        }
      }),
    );
  });

  it('lets everything leave that it took, once, and in order within a class', () => {
    fc.assert(
      fc.property(PACE, ARRIVALS, (pace, arrivals) => {
        const { enqueued, sent } = simulate(pace, arrivals, 0.5);
        expect(sent.map(({ number }) => number).sort((a, b) => a - b)).toEqual(enqueued.map((one) => one.packet.number));
        for (const packetClass of ['audio', 'retransmission', 'video'] as const) {
          const numbersOf = sent.filter((one) => one.class === packetClass).map(({ number }) => number);
          expect(numbersOf).toEqual(numbersOf.toSorted((a, b) => a - b));
        }
      }),
    );
  });

  it('never holds audio back', () => {
    fc.assert(
      fc.property(PACE, ARRIVALS, (pace, arrivals) => {
        const { enqueued, sent } = simulate(pace, arrivals, 0);
        const leftAt = new Map(sent.map(({ number, atMs }) => [number, atMs]));
        const audio = enqueued.filter((one) => one.packet.class === 'audio');
        expect(audio.map((one) => leftAt.get(one.packet.number))).toEqual(audio.map(({ atMs }) => atMs));
      }),
    );
  });

  it('spreads a keyframe: 60 kB at 2.5 Mbps take 187 ms', () => {
    const pacer = new Pacer<TestPacket>(2_500_000);
    for (let index = 0; index < 50; index += 1) pacer.enqueue(packet('video'));
    const sent = drain(pacer, 0);
    expect(sent.at(-1)?.atMs).toBeCloseTo((60_000 * 8) / 2500 - 5, 0);
    const gaps = sent.slice(1).map(({ atMs }, index) => atMs - (sent[index]?.atMs ?? 0));
    expect(Math.max(...gaps)).toBeLessThan(8);
  });

  it('sends one packet at a time where a packet is longer than a burst', () => {
    const pacer = new Pacer<TestPacket>(240_000);
    for (let index = 0; index < 4; index += 1) pacer.enqueue(packet('video'));
    expect(drain(pacer, 0).map(({ atMs }) => Math.round(atMs))).toEqual([0, 40, 80, 120]);
  });

  it('keeps its pace over time on timers that fire late, as long as a burst makes up for it', () => {
    const pacer = new Pacer<TestPacket>(5_000_000);
    for (let index = 0; index < 500; index += 1) pacer.enqueue(packet('video', 1000));
    const lastMs = drain(pacer, 0, 1).at(-1)?.atMs ?? 0;
    expect(lastMs).toBeGreaterThan(790);
    expect(lastMs).toBeLessThan(810);
  });

  it('prefers audio to retransmissions and those to video', () => {
    const pacer = new Pacer<TestPacket>(1_000_000);
    for (const packetClass of ['video', 'retransmission', 'audio'] as const) pacer.enqueue(packet(packetClass, 600));
    expect(drain(pacer, 0).map((one) => one.class)).toEqual(['audio', 'retransmission', 'video']);
  });

  it('says how long a packet of video would wait', () => {
    const pacer = new Pacer<TestPacket>(1_000_000);
    expect(pacer.queuedMs(0)).toBe(0);
    for (let index = 0; index < 10; index += 1) pacer.enqueue(packet('video', 1250));
    expect(pacer.queuedMs(0)).toBeCloseTo(100, 5);
    pacer.setPace(2_000_000, 0);
    expect(pacer.queuedMs(0)).toBeCloseTo(50, 5);
    drain(pacer, 0);
    expect(pacer.queuedMs(1000)).toBe(0);
  });

  it('has no room for video behind a second of it, and always for a frame when none waits', () => {
    const pacer = new Pacer<TestPacket>(1_000_000);
    expect(pacer.hasRoom('video', 400_000)).toBe(true);
    for (let index = 0; index < 100; index += 1) pacer.enqueue(packet('video', 1200));
    expect(pacer.hasRoom('video', 5000)).toBe(true);
    expect(pacer.hasRoom('video', 5001)).toBe(false);
    expect(pacer.hasRoom('retransmission', 5001)).toBe(true);
    expect(pacer.hasRoom('video', 5_000_000)).toBe(false);
  });

  it('needs no timer while nothing waits', () => {
    const pacer = new Pacer<TestPacket>(1_000_000);
    expect(pacer.waitMs(0)).toBeUndefined();
    pacer.enqueue(packet('video'));
    drain(pacer, 0);
    expect(pacer.waitMs(1)).toBeUndefined();
  });

  it('forgets what waits when it is cleared', () => {
    const pacer = new Pacer<TestPacket>(1_000_000);
    pacer.enqueue(packet('video'));
    pacer.enqueue(packet('audio'));
    expect(pacer.clear('retransmission', 'video')).toHaveLength(1);
    expect([pacer.waiting('video'), pacer.isEmpty]).toEqual([0, false]);
    expect(pacer.clear('audio')).toHaveLength(1);
    expect([pacer.isEmpty, pacer.waitMs(0), pacer.queuedMs(0)]).toEqual([true, undefined, 0]);
  });
});

describe('a probe', () => {
  /** Runs a probe on timers of a millisecond, padding with packets of `bytes`. */
  function probe(pacer: Pacer<TestPacket>, fromMs: number, bytes = 1000): Sent[] {
    const sent: Sent[] = [];
    for (let nowMs = fromMs; nowMs < fromMs + 1000 && pacer.waitMs(nowMs) !== undefined; nowMs += 1) {
      for (;;) {
        const next = pacer.take(nowMs);
        if (next !== undefined) sent.push({ ...next.packet, atMs: nowMs, probe: next.probe });
        else if (pacer.paddingBytes(nowMs) > 0) sent.push({ ...packet('video', bytes), atMs: nowMs, probe: pacer.padded(bytes) });
        else break;
      }
    }
    return sent;
  }

  it('leaves at its own rate, whatever the pace and the timers', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1_000_000, max: 20_000_000 }), (bitrate) => {
        const pacer = new Pacer<TestPacket>(500_000);
        pacer.startProbe({ id: 1, bitrate, bytes: Math.round((bitrate / 8000) * 20) }, 100);
        const sent = probe(pacer, 100);
        const spanMs = (sent.at(-1)?.atMs ?? 0) - 100;
        const bytes = sent.slice(0, -1).reduce((sum, one) => sum + one.bytes, 0);
        // Its clock is a millisecond, and a packet may leave at the end of its time or at its beginning.
        expect(Math.abs(spanMs - bytes / (bitrate / 8000))).toBeLessThan(2);
        expect(sent.every((one) => one.probe === 1)).toBe(true);
      }),
    );
  });

  it('takes what waits first and pads the rest', () => {
    const pacer = new Pacer<TestPacket>(500_000);
    for (let index = 0; index < 4; index += 1) pacer.enqueue(packet('video', 1100));
    pacer.startProbe({ id: 7, bitrate: 4_000_000, bytes: 10_000 }, 0);
    const sent = probe(pacer, 0);
    expect(sent.map(({ bytes }) => bytes)).toEqual([1100, 1100, 1100, 1100, ...Array.from({ length: 6 }, () => 1000)]);
    expect(sent.every((one) => one.probe === 7)).toBe(true);
    expect(pacer.waitMs(1000)).toBeUndefined();
  });

  it('is one at a time, and over when its bytes have left', () => {
    const pacer = new Pacer<TestPacket>(500_000);
    expect(pacer.startProbe({ id: 1, bitrate: 1_000_000, bytes: 100 }, 0)).toBe(true);
    expect(pacer.startProbe({ id: 2, bitrate: 1_000_000, bytes: 100 }, 0)).toBe(false);
    expect(probe(pacer, 0)).toHaveLength(1);
    expect(pacer.startProbe({ id: 3, bitrate: 1_000_000, bytes: 100 }, 10)).toBe(true);
    pacer.abandonProbe();
    expect(pacer.waitMs(10)).toBeUndefined();
  });
});
