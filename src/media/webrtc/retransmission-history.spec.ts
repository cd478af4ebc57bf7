import { describe, expect, it } from 'vitest';
import { GenericNack, RtcpHeader, RtpHeader, RtpPacket, type RTCRtpTransceiver } from 'werift';
import { RetransmissionHistory } from './retransmission-history.js';

const RTX = { name: 'rtx', payloadType: 97, parameters: 'apt=96' };

function historyOf(codecs: object[] = [RTX]): RetransmissionHistory | undefined {
  const transceiver = { codecs, sender: { codec: { payloadType: 96 }, rtxSsrc: 4321 } };
  return RetransmissionHistory.of(transceiver as unknown as RTCRtpTransceiver);
}

function filled(first: number, count: number, payloadBytes = 10): RetransmissionHistory {
  const history = historyOf();
  if (history === undefined) throw new Error('no history');
  for (let index = 0; index < count; index += 1) {
    const header = new RtpHeader({ payloadType: 96, ssrc: 1234, sequenceNumber: (first + index) & 0xffff, timestamp: 7 });
    history.remember(new RtpPacket(header, Buffer.alloc(payloadBytes, 1)));
  }
  return history;
}

/** The sequence numbers of the lost packets, which a retransmission has before its payload. */
function originals(packets: readonly RtpPacket[]): number[] {
  return packets.map(({ payload }) => payload.readUInt16BE(0));
}

function range(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => first + index);
}

describe('RetransmissionHistory', () => {
  it('is there only where the receiver takes retransmissions of the codec', () => {
    expect(historyOf()).toBeDefined();
    expect(historyOf([{ ...RTX, parameters: 'apt=98' }])).toBeUndefined();
    expect(historyOf([])).toBeUndefined();
  });

  it('wraps a packet for the retransmission stream, each under the next number', () => {
    const [first, second] = filled(100, 3).recall([100, 102], 0);
    expect(first?.header).toMatchObject({ payloadType: 97, ssrc: 4321, timestamp: 7 });
    expect(originals([first!, second!])).toEqual([100, 102]);
    expect(second?.header.sequenceNumber).toBe((first!.header.sequenceNumber + 1) & 0xffff);
  });

  it('leaves out what it never had or has no more', () => {
    expect(originals(filled(100, 513).recall([99, 100, 101, 612, 613], 0))).toEqual([101, 612]);
  });

  it('finds packets past the turn of the sequence numbers in a NACK as werift reads it', () => {
    const words = Buffer.alloc(12);
    words.writeUInt16BE(65_534, 8);
    words.writeUInt16BE(0b111, 10);
    const { lost } = GenericNack.deSerialize(words, new RtcpHeader({ count: 1, type: 205 }));
    expect(lost).toEqual([65_534, 65_535, 65_536, 65_537]);
    expect(originals(filled(65_530, 10).recall(lost, 0))).toEqual([65_534, 65_535, 0, 1]);
  });

  it('recalls a packet once in 20 ms, however often it is asked for', () => {
    const history = filled(0, 2);
    expect(originals(history.recall([1, 1, 65_537], 1000))).toEqual([1]);
    expect(originals(history.recall([0, 1], 1019))).toEqual([0]);
    expect(originals(history.recall([0, 1], 1020))).toEqual([1]);
    expect(originals(history.recall([0, 1], 1040))).toEqual([0, 1]);
  });

  it('keeps to 256 kB in any second, and recovers', () => {
    const history = filled(0, 512, 1000);
    let bytes = 0;
    for (let nowMs = 0; nowMs < 1000; nowMs += 20) {
      for (const { payload } of history.recall(range(0, 512), nowMs)) bytes += payload.length - 2;
    }
    expect(bytes).toBeGreaterThan(200_000);
    expect(bytes).toBeLessThanOrEqual(256_000);
    expect(history.recall(range(0, 512), 1000).length).toBeLessThan(10);
    expect(history.recall(range(0, 512), 3000)).toHaveLength(128);
  });
});
