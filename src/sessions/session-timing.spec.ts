import { describe, expect, it } from 'vitest';
import type { Chunk } from '../common/index.js';
import { SessionTiming } from './session-timing.js';
import { StageLatencies, type LatencyStage } from './stage-latencies.js';

function setUp() {
  const latencies = new StageLatencies();
  const timing = new SessionTiming(latencies);
  const of = (stage: LatencyStage): [number, number] => {
    const { count, sumMs } = latencies.summaries()[stage];
    return [count, sumMs];
  };
  return { timing, of };
}

const naming = (appliedControls: readonly string[], more: Partial<Chunk> = {}): Chunk => ({
  pictures: [],
  metadata: {},
  appliedControls,
  ...more,
});

function sent(timing: SessionTiming, rtpTimestamp: number, appliedControls: readonly string[], sentAtMs: number): void {
  timing.pictureSent(
    { yieldedAtMs: undefined, routedAtMs: 0, encodeBeganAtMs: sentAtMs, encodedAtMs: sentAtMs, sentAtMs },
    { index: undefined, appliedControls, rtpTimestamp },
  );
}

describe('SessionTiming', () => {
  it('follows an id that is used again once the first was named', () => {
    const { timing, of } = setUp();
    expect(timing.controlReceived(1, 0)).toBe('1');
    expect(timing.controlReceived('1', 5)).toBeUndefined();
    expect(timing.chunkRouted(naming(['1', '1']))).toEqual([1]);
    expect(timing.controlReceived('1', 10)).toBe('1');
    expect(timing.chunkRouted(naming(['1']))).toEqual(['1']);
    sent(timing, 1, ['1', '1'], 30);
    expect(of('control_to_sent')).toEqual([1, 20]);
  });

  it('never takes what a host claims for earlier than its cause', () => {
    const { timing, of } = setUp();
    timing.controlReceived('a', 100);
    timing.chunkRouted(naming(['a'], { pushedAtMs: [-1e9], yieldedAtMs: 50 }));
    expect(of('control_to_push')).toEqual([1, 0]);
    expect(of('push_to_yield')).toEqual([1, 0]);
  });

  it('counts a control with the next picture that is sent when its own chunk was dropped', () => {
    const { timing, of } = setUp();
    timing.controlReceived('a', 0);
    timing.chunkRouted(naming(['a']));
    // The track says with the next picture what it did not send.
    sent(timing, 7, ['a'], 80);
    expect(of('control_to_sent')).toEqual([1, 80]);
    timing.shown({ id: 'a' }, 95);
    expect(of('control_to_shown')).toEqual([1, 95]);
  });

  it('counts each shown picture once, whoever reports it, with all that it reflects', () => {
    const { timing, of } = setUp();
    for (const id of ['a', 'b']) timing.controlReceived(id, 0);
    timing.chunkRouted(naming(['a', 'b']));
    sent(timing, 7, ['a', 'b'], 10);
    for (let times = 0; times < 3; times += 1) {
      expect(timing.shown({ id: 'b' }, 30)).toBe(true);
      expect(timing.shown({ rtpTimestamp: 7 }, 30)).toBe(true);
    }
    expect(of('send_to_shown')).toEqual([1, 20]);
    expect(of('control_to_shown')).toEqual([2, 60]);
  });

  it('takes a picture for shown when it was sent, at the earliest, and none that was not sent', () => {
    const { timing, of } = setUp();
    timing.controlReceived('a', 0);
    timing.chunkRouted(naming(['a']));
    expect(timing.shown({ id: 'a' }, 5)).toBe(true);
    sent(timing, 7, ['a'], 10);
    timing.shown({ rtpTimestamp: 7 }, -1000);
    expect(of('send_to_shown')).toEqual([1, 0]);
    expect(of('control_to_shown')).toEqual([1, 10]);
  });

  it('forgets the oldest of more than 256 controls and 256 pictures', () => {
    const { timing, of } = setUp();
    const ids = Array.from({ length: 300 }, (_, id) => String(id));
    for (const id of ids) timing.controlReceived(id, 0);
    expect(timing.chunkRouted(naming(ids))).toEqual(ids.slice(-256));
    for (const [rtpTimestamp, id] of ids.entries()) sent(timing, rtpTimestamp, [id], 0);
    expect(of('control_to_sent')[0]).toBe(256);
    for (const rtpTimestamp of ids.keys()) timing.shown({ rtpTimestamp }, 1);
    expect(of('send_to_shown')).toEqual([256, 256]);
  });

  it('knows the pictures of the last 256 controls by their ids, however many each of them reflects', () => {
    const { timing, of } = setUp();
    for (let picture = 0; picture < 200; picture += 1) {
      const ids = [`${picture}a`, `${picture}b`];
      for (const id of ids) timing.controlReceived(id, 0);
      timing.chunkRouted(naming(ids));
      sent(timing, picture, ids, 10);
    }
    timing.shown({ id: '71b' }, 20);
    expect(of('send_to_shown')).toEqual([0, 0]);
    timing.shown({ id: '72a' }, 20);
    timing.shown({ id: '199b' }, 20);
    expect(of('send_to_shown')).toEqual([2, 20]);
  });

  it('cannot be reported to before anything was sent or named', () => {
    const { timing } = setUp();
    expect(timing.shown({ id: 'a' }, 0)).toBe(false);
    expect(timing.shown({ rtpTimestamp: 0 }, 0)).toBe(false);
  });
});
