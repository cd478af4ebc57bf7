import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sentBytes, sumTraffic, trafficOf } from './traffic.js';

const stream = fc.record({
  packets: fc.nat(),
  bytes: fc.nat(),
  retransmittedPackets: fc.nat(),
  retransmittedBytes: fc.nat(),
  probeBytes: fc.nat(),
  redundantPackets: fc.nat(),
  refusedFrames: fc.nat(),
  nacks: fc.nat(),
  plis: fc.nat(),
  firs: fc.nat(),
});
const traffic = fc
  .record({ videoStream: fc.option(stream, { nil: undefined }), audioStream: fc.option(stream, { nil: undefined }) })
  .map(trafficOf);

describe('traffic', () => {
  it('adds up figure by figure, in whatever order', () => {
    fc.assert(
      fc.property(traffic, traffic, (one, other) => {
        expect(sumTraffic([one, other])).toEqual(sumTraffic([other, one]));
        expect(sumTraffic([one, other]).video.nacks).toBe(one.video.nacks + other.video.nacks);
        expect(sentBytes(sumTraffic([one, other]))).toBe(sentBytes(one) + sentBytes(other));
      }),
    );
  });

  it('is nothing for a medium that the client does not take', () => {
    expect(sentBytes(trafficOf({ videoStream: undefined, audioStream: undefined }))).toBe(0);
  });
});
