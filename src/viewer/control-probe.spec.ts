import { describe, expect, it } from 'vitest';
import { ControlProbe } from './control-probe.js';

const CONTROL = { type: 'control', key: 'ArrowUp', action: 'press' };
const chunk = (id: number, rtp_timestamp?: number): Record<string, unknown> => ({
  type: 'chunk',
  applied_controls: [id],
  ...(rtp_timestamp === undefined ? {} : { rtp_timestamp }),
});

describe('ControlProbe', () => {
  it('measures from a control to the message that names it and to the frame that shows it, whichever comes first', () => {
    const probe = new ControlProbe();
    expect(probe.next(CONTROL, 1000)).toEqual({ ...CONTROL, id: 1 });
    probe.frameReceived(3000, 1010);
    probe.messageReceived(chunk(1, 6000), 1020);
    expect(probe.isWaiting).toBe(true);
    probe.frameReceived(6000, 1030);
    expect(probe.isWaiting).toBe(false);
    probe.next(CONTROL, 2000);
    probe.frameReceived(9000, 2005);
    probe.messageReceived(chunk(2, 9000), 2040);
    expect(probe.times).toEqual({ sent: 2, acknowledged: 2, acknowledgedMs: [20, 40], appliedMs: [30, 5] });
  });

  it('takes the next frame that came for one that was dropped, over the wrap of timestamps, and none of before the control', () => {
    const probe = new ControlProbe();
    probe.frameReceived(100, 900);
    probe.next(CONTROL, 1000);
    probe.messageReceived(chunk(1, 2 ** 32 - 50), 1010);
    expect(probe.isWaiting).toBe(true);
    probe.frameReceived(2 ** 32 - 60, 1020);
    expect(probe.isWaiting).toBe(true);
    probe.frameReceived(3700, 1060);
    expect(probe.times.appliedMs).toEqual([60]);
  });

  it('counts a control that a chunk without video names, and one that nobody names', () => {
    const probe = new ControlProbe();
    probe.next(CONTROL, 0);
    probe.messageReceived({ type: 'chunk', applied_controls: [7, 'x', null] }, 1);
    probe.messageReceived({ type: 'chunk', applied_controls: 'all' }, 1);
    probe.messageReceived(chunk(1), 5);
    probe.messageReceived(chunk(1, 3000), 6);
    expect(probe.isWaiting).toBe(false);
    probe.next(CONTROL, 10);
    probe.giveUp(10);
    expect(probe.isWaiting).toBe(true);
    probe.giveUp(11);
    expect(probe.isWaiting).toBe(false);
    expect(probe.times).toEqual({ sent: 2, acknowledged: 1, acknowledgedMs: [5], appliedMs: [] });
  });

  it('keeps a bounded number of times', () => {
    const probe = new ControlProbe();
    for (let id = 1; id <= 2500; id += 1) {
      probe.next(CONTROL, id);
      probe.messageReceived(chunk(id), id + 1);
    }
    expect(probe.times).toMatchObject({ sent: 2500, acknowledged: 2500 });
    expect(probe.times.acknowledgedMs).toHaveLength(2000);
  });
});
