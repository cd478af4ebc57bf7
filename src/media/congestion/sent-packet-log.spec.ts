import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { SentPacket } from './network.js';
import { SentPacketLog } from './sent-packet-log.js';

const packet = (sequenceNumber: number, sentAtMs = 0, bytes = 1000): SentPacket => ({
  sequenceNumber: sequenceNumber & 0xffff,
  bytes,
  sentAtMs,
  probe: undefined,
});
const received = (sequenceNumber: number, receivedAtMs = 5) => ({ sequenceNumber: sequenceNumber & 0xffff, receivedAtMs });
const lost = (sequenceNumber: number) => ({ sequenceNumber: sequenceNumber & 0xffff, receivedAtMs: undefined });

describe('SentPacketLog', () => {
  it('counts as in flight what was sent after the newest packet that a report spoke of', () => {
    const log = new SentPacketLog();
    for (const number of [1, 2, 3, 4]) log.add(packet(number));
    expect(log.bytesInFlight).toBe(4000);
    log.report([received(1), lost(2)]);
    expect(log.bytesInFlight).toBe(2000);
    log.report([received(4)]);
    expect(log.bytesInFlight).toBe(0);
  });

  it('gives received packets in the order of their arrival', () => {
    const log = new SentPacketLog();
    for (const number of [1, 2, 3]) log.add(packet(number));
    const { received: arrived } = log.report([received(1, 30), received(2, 10), received(3, 20)]);
    expect(arrived.map((one) => one.packet.sequenceNumber)).toEqual([2, 3, 1]);
  });

  it('reports each packet once, however often the receiver does', () => {
    const log = new SentPacketLog();
    log.add(packet(7));
    expect(log.report([received(7), received(7)]).received).toHaveLength(1);
    expect(log.report([received(7), lost(7)])).toEqual({ received: [], lost: [], foundAgain: 0 });
  });

  it('counts a packet lost once and says when it arrived after all', () => {
    const log = new SentPacketLog();
    log.add(packet(7));
    expect(log.report([lost(7)]).lost).toHaveLength(1);
    expect(log.report([lost(7)]).lost).toHaveLength(0);
    expect(log.report([received(7)])).toMatchObject({ foundAgain: 1, lost: [] });
  });

  it('ignores reports on packets that were never sent', () => {
    const log = new SentPacketLog();
    expect(log.report([received(1), lost(2)])).toEqual({ received: [], lost: [], foundAgain: 0 });
    log.add(packet(10));
    expect(log.report([received(11), lost(60_000)])).toEqual({ received: [], lost: [], foundAgain: 0 });
    expect(log.bytesInFlight).toBe(1000);
  });

  it('tells packets apart whose numbers lie on both sides of the wrap', () => {
    const log = new SentPacketLog();
    for (let number = 65_530; number < 65_546; number += 1) log.add(packet(number));
    const { received: arrived } = log.report([received(65_535, 1), received(65_536, 2), received(65_545, 3)]);
    expect(arrived.map((one) => one.packet.sequenceNumber)).toEqual([65_535, 0, 9]);
    expect(log.bytesInFlight).toBe(0);
  });

  it('still knows the packets before two that were handed in the wrong way round', () => {
    const log = new SentPacketLog();
    for (const number of [1, 2, 3, 5, 4, 6]) log.add(packet(number));
    expect(log.report([1, 2, 3, 4, 5, 6].map((number) => received(number))).received).toHaveLength(6);
  });

  it('forgets what is older than ten seconds, and does not count it as in flight', () => {
    const log = new SentPacketLog();
    log.add(packet(1, 0));
    log.add(packet(2, 10_001));
    expect(log.size).toBe(1);
    expect(log.bytesInFlight).toBe(1000);
    expect(log.report([received(1)]).received).toHaveLength(0);
  });

  it('stays bounded and consistent whatever is sent and reported', () => {
    const step = fc.oneof(
      fc.record({ send: fc.integer({ min: 0, max: 70_000 }), atMs: fc.integer({ min: 0, max: 20_000 }) }),
      fc.record({ report: fc.integer({ min: -10, max: 70_000 }), arrived: fc.boolean() }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const log = new SentPacketLog();
        for (const one of steps) {
          if ('send' in one) log.add(packet(one.send, one.atMs));
          else log.report([one.arrived ? received(one.report) : lost(one.report)]);
          expect(log.bytesInFlight).toBeGreaterThanOrEqual(0);
        }
      }),
    );
    const log = new SentPacketLog();
    for (let number = 0; number < 100_000; number += 1) log.add(packet(number));
    expect(log.size).toBe(8192);
    expect(log.bytesInFlight).toBe(8_192_000);
  });
});
