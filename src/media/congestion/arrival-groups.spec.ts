import { describe, expect, it } from 'vitest';

import { ArrivalGroups } from './arrival-groups.js';

const arrival = (sentAtMs: number, receivedAtMs: number) => ({
  packet: { sequenceNumber: 0, bytes: 1000, sentAtMs, probe: undefined },
  receivedAtMs,
});

describe('ArrivalGroups', () => {
  it('compares groups of packets that left within 5 ms by their last packets', () => {
    const groups = new ArrivalGroups();
    const deltas = [arrival(0, 100), arrival(4, 104), arrival(20, 121), arrival(24, 126), arrival(40, 140)].map((one) =>
      groups.add(one),
    );
    expect(deltas).toEqual([undefined, undefined, undefined, undefined, { sentMs: 20, receivedMs: 22, receivedAtMs: 126 }]);
  });

  it('takes what a busy hop held back and let go at once for one group', () => {
    const groups = new ArrivalGroups();
    groups.add(arrival(0, 100));
    // Sent 10 ms apart, all of them arrive at 150 ms.
    for (const sentAtMs of [10, 20, 30, 40]) groups.add(arrival(sentAtMs, 150));
    expect(groups.add(arrival(60, 170))).toEqual({ sentMs: 40, receivedMs: 50, receivedAtMs: 150 });
  });

  it('ignores a packet that others have overtaken', () => {
    const groups = new ArrivalGroups();
    groups.add(arrival(0, 100));
    groups.add(arrival(20, 120));
    expect(groups.add(arrival(10, 121))).toBeUndefined();
    expect(groups.add(arrival(40, 140))).toEqual({ sentMs: 20, receivedMs: 20, receivedAtMs: 120 });
  });
});
