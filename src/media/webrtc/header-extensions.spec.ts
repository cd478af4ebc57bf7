import { describe, expect, it } from 'vitest';
import { RTCRtpHeaderExtensionParameters, RTP_EXTENSION_URI } from 'werift';
import { HeaderExtensions } from './header-extensions.js';

function negotiated(midId: number, sendTimeId: number): RTCRtpHeaderExtensionParameters[] {
  return [
    new RTCRtpHeaderExtensionParameters({ id: midId, uri: RTP_EXTENSION_URI.sdesMid }),
    new RTCRtpHeaderExtensionParameters({ id: sendTimeId, uri: RTP_EXTENSION_URI.absSendTime }),
  ];
}

function idsOf(extensions: HeaderExtensions): number[] {
  return extensions.now().map(({ id }) => id);
}

describe('HeaderExtensions', () => {
  it('carries the mid, and the send time in 24 bits', () => {
    const [mid, sendTime] = new HeaderExtensions(negotiated(4, 2), 'video').now();
    expect(mid).toEqual({ id: 4, payload: Buffer.from('video') });
    expect(sendTime?.id).toBe(2);
    expect(sendTime?.payload).toHaveLength(3);
  });

  it('carries nothing that was not negotiated, and no empty mid', () => {
    expect(new HeaderExtensions([], 'video').now()).toEqual([]);
    expect(idsOf(new HeaderExtensions(negotiated(4, 2), ''))).toEqual([2]);
  });

  it.each([
    [1, 14, [1, 14]],
    [14, 1, [14, 1]],
    [15, 2, [2]],
    [4, 15, [4]],
    [0, 2, [2]],
    [200, 255, []],
  ])('leaves out what the one-byte form has no id for: mid %i, send time %i', (midId, sendTimeId, expected) => {
    expect(idsOf(new HeaderExtensions(negotiated(midId, sendTimeId), '0'))).toEqual(expected);
  });

  it('leaves a mid of more than 16 bytes out', () => {
    expect(idsOf(new HeaderExtensions(negotiated(4, 2), 'm'.repeat(16)))).toEqual([4, 2]);
    expect(idsOf(new HeaderExtensions(negotiated(4, 2), 'm'.repeat(17)))).toEqual([2]);
    expect(idsOf(new HeaderExtensions(negotiated(4, 2), 'ü'.repeat(9)))).toEqual([2]);
  });
});
