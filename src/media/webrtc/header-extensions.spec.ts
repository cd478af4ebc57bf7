import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RTCRtpHeaderExtensionParameters, RTP_EXTENSION_URI, RtpHeader } from 'werift';
import {
  ABS_CAPTURE_TIME_URI,
  HeaderExtensions,
  PLAYOUT_DELAY_URI,
  type PacketFields,
  type PlayoutDelay,
} from './header-extensions.js';

const NOTHING: PacketFields = {};
const EVERYTHING: PacketFields = { captureNtp: 0x0102_0304_0506_0708n, playoutDelay: true };
const DEPARTING = { unixMs: 1_790_000_000_500, transportSequenceNumber: 0xabcd };
const ALL = {
  [RTP_EXTENSION_URI.sdesMid]: 4,
  [RTP_EXTENSION_URI.absSendTime]: 2,
  [RTP_EXTENSION_URI.transportWideCC]: 3,
  [PLAYOUT_DELAY_URI]: 6,
  [ABS_CAPTURE_TIME_URI]: 7,
};
const MID_AND_TIME = (midId: number, sendTimeId: number): Record<string, number> => ({
  [RTP_EXTENSION_URI.sdesMid]: midId,
  [RTP_EXTENSION_URI.absSendTime]: sendTimeId,
});

function extensionsOf(
  ids: Readonly<Record<string, number>>,
  mid: string,
  options: { transportWide?: boolean; playoutDelay?: PlayoutDelay } = {},
): HeaderExtensions {
  const negotiated = Object.entries(ids).map(([uri, id]) => new RTCRtpHeaderExtensionParameters({ uri, id }));
  return new HeaderExtensions(negotiated, mid, options);
}

/** As a receiver reads it. */
function received(extensions: HeaderExtensions, fields: PacketFields = NOTHING): Map<number, Buffer> {
  const packet = Buffer.alloc(12 + extensions.size(fields) + 4, 0xee);
  packet[0] = 0x80 | (extensions.size(fields) > 0 ? 0x10 : 0);
  packet.fill(0, 1, 12);
  expect(extensions.write(packet, 12, fields, DEPARTING)).toBe(12 + extensions.size(fields));
  const header = RtpHeader.deSerialize(packet);
  expect(header.payloadOffset).toBe(12 + extensions.size(fields));
  return new Map(header.extensions.map(({ id, payload }) => [id, payload]));
}

describe('HeaderExtensions', () => {
  it('carries the media section, the send time, the transport-wide number, the playout delay and the capture time', () => {
    const extensions = extensionsOf(ALL, 'video', { transportWide: true, playoutDelay: { minMs: 100, maxMs: 2000 } });
    const elements = received(extensions, EVERYTHING);
    expect(elements.get(4)).toEqual(Buffer.from('video'));
    // 1790000000.5 s is 0.5 s past a turn of 64 s: 6.18 fixed point.
    expect(elements.get(2)).toEqual(Buffer.from([0x02, 0, 0]));
    expect(elements.get(3)).toEqual(Buffer.from([0xab, 0xcd]));
    expect(elements.get(6)).toEqual(Buffer.from([0x00, 0xa0, 0xc8]));
    expect(elements.get(7)).toEqual(Buffer.from([1, 2, 3, 4, 5, 6, 7, 8]));
  });

  it('carries playout delay and capture time only in packets that say them', () => {
    const extensions = extensionsOf(ALL, '0', { playoutDelay: { minMs: 0, maxMs: 0 } });
    expect([...received(extensions).keys()]).toEqual([4, 2]);
    expect([...received(extensions, { playoutDelay: true }).keys()]).toEqual([4, 2, 6]);
    expect([...received(extensions, { captureNtp: 1n }).keys()]).toEqual([4, 2, 7]);
  });

  it.each<[PlayoutDelay, number[]]>([
    [{ minMs: 0, maxMs: 0 }, [0, 0, 0]],
    [{ minMs: 40_950, maxMs: 99_999 }, [0xff, 0xff, 0xff]],
    // The most is never less than the least.
    [{ minMs: 500, maxMs: 100 }, [0x03, 0x20, 0x32]],
  ])('says a playout delay of %o in units of ten milliseconds', (playoutDelay, bytes) => {
    expect(received(extensionsOf(ALL, '0', { playoutDelay }), EVERYTHING).get(6)).toEqual(Buffer.from(bytes));
  });

  it('sends no playout delay that nobody set, and no transport-wide number that is not wanted', () => {
    const extensions = extensionsOf(ALL, '0');
    expect(extensions.transportWide).toBe(false);
    expect([...received(extensions, EVERYTHING).keys()]).toEqual([4, 2, 7]);
    expect(extensionsOf(ALL, '0', { transportWide: true }).transportWide).toBe(true);
    expect(extensionsOf({}, '0', { transportWide: true }).transportWide).toBe(false);
  });

  it('carries nothing that was not negotiated, and no empty mid', () => {
    expect(extensionsOf({}, 'video').size(EVERYTHING)).toBe(0);
    expect([...received(extensionsOf(MID_AND_TIME(4, 2), '')).keys()]).toEqual([2]);
  });

  it.each([
    [1, 14, [1, 14]],
    [14, 1, [14, 1]],
    [15, 2, [2]],
    [4, 15, [4]],
    [0, 2, [2]],
    [200, 255, []],
  ])('leaves out what the one-byte form has no id for: mid %i, send time %i', (midId, sendTimeId, expected) => {
    expect([...received(extensionsOf(MID_AND_TIME(midId, sendTimeId), '0')).keys()]).toEqual(expected);
  });

  it('leaves a mid of more than 16 bytes out', () => {
    const ids = (mid: string): number[] => [...received(extensionsOf(MID_AND_TIME(4, 2), mid)).keys()];
    expect(ids('m'.repeat(16))).toEqual([4, 2]);
    expect(ids('m'.repeat(17))).toEqual([2]);
    expect(ids('ü'.repeat(9))).toEqual([2]);
  });

  it('is read back by a receiver whatever the ids are', () => {
    const uris = Object.keys(ALL);
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 1, max: 14 }), { minLength: uris.length, maxLength: uris.length }),
        fc.stringMatching(/^[a-z0-9]{1,16}$/u),
        (ids, mid) => {
          const table = Object.fromEntries(uris.map((uri, index) => [uri, ids[index] ?? 0]));
          const extensions = extensionsOf(table, mid, { transportWide: true, playoutDelay: { minMs: 0, maxMs: 0 } });
          expect(received(extensions, EVERYTHING).size).toBe(5);
          expect(extensions.maxBytes).toBe(extensions.size(EVERYTHING));
          expect(extensions.maxBytes % 4).toBe(0);
        },
      ),
    );
  });
});
