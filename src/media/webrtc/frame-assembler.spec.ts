import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { H264Packetizer, RtpHeader, RtpPacket, Vp8Packetizer } from 'werift';
import { FrameAssembler, type AssembledFrame, type AssemblerOutput } from './frame-assembler.js';

const START_CODE = [0, 0, 0, 1];
const PAYLOAD_BYTES = 40;
/** Longer than a missing packet is waited for. */
const LONG_MS = 200;

interface SourceFrame {
  readonly keyframe: boolean;
  /** Bytes of its slice; over 40 it takes several packets. */
  readonly size: number;
}

/** An access unit in Annex B, recognisable by its timestamp; a keyframe has SPS and PPS before its slice. */
function accessUnit({ keyframe, size }: SourceFrame, index: number): Buffer {
  const slice = Buffer.alloc(size, 0x80 | (index & 0x7f));
  const parameterSets = [...START_CODE, 0x67, 0x42, 0xe0, 0x1f, ...START_CODE, 0x68, 0xce, 0x3c, 0x80];
  return Buffer.from([...(keyframe ? parameterSets : []), ...START_CODE, keyframe ? 0x65 : 0x41, ...slice]);
}

function packetsOf(
  frames: readonly SourceFrame[],
  firstSequence = 0,
): { units: Buffer[]; packets: RtpPacket[]; packetsOfFrame: RtpPacket[][] } {
  const packetizer = new H264Packetizer({ maxPayloadSize: PAYLOAD_BYTES, inputFormat: 'annexb' });
  const units = frames.map(accessUnit);
  const packetsOfFrame = units.map((unit, index) => packetizer.packetize(unit, 1000 + index * 3000));
  const packets = packetsOfFrame.flat();
  packets.forEach(({ header }, index) => {
    header.sequenceNumber = (firstSequence + index) & 0xffff;
  });
  return { units, packets, packetsOfFrame };
}

/** One output for all that was pushed. */
function pushAll(assembler: FrameAssembler, packets: readonly RtpPacket[], nowMs = 0): AssemblerOutput {
  const outputs = packets.map((packet) => assembler.push(packet, nowMs));
  return { frames: outputs.flatMap(({ frames }) => frames), lost: outputs.some(({ lost }) => lost) };
}

const data = (frames: readonly AssembledFrame[]): string[] => frames.map((frame) => frame.data.toString('hex'));
const hex = (units: readonly Buffer[]): string[] => units.map((unit) => unit.toString('hex'));

const KEY: SourceFrame = { keyframe: true, size: 100 };
const DELTA: SourceFrame = { keyframe: false, size: 90 };

const sourceFrame = fc.record({ keyframe: fc.boolean(), size: fc.integer({ min: 1, max: 160 }) });
const stream = fc.array(sourceFrame, { minLength: 1, maxLength: 12 }).map((frames) => [KEY, ...frames]);

describe('FrameAssembler', () => {
  it('gives every frame of an orderly stream back, with its time and whether it is a keyframe', () => {
    const { units, packets } = packetsOf([KEY, DELTA, DELTA, KEY]);
    const { frames, lost } = pushAll(new FrameAssembler('H264'), packets);
    expect(data(frames)).toEqual(hex(units));
    expect(frames.map(({ keyframe, rtpTimestamp }) => [keyframe, rtpTimestamp])).toEqual([
      [true, 1000],
      [false, 4000],
      [false, 7000],
      [true, 10_000],
    ]);
    expect(lost).toBe(false);
  });

  it('gives VP8 frames back', () => {
    const packetizer = new Vp8Packetizer({ maxPayloadSize: PAYLOAD_BYTES });
    // The lowest bit of a VP8 frame says that it is no keyframe (RFC 6386 section 9.1).
    const sources = [Buffer.alloc(150, 0x10), Buffer.alloc(70, 0x11), Buffer.alloc(10, 0x11)];
    const { frames } = pushAll(
      new FrameAssembler('VP8'),
      sources.flatMap((source, index) => packetizer.packetize(source, index * 3000)),
    );
    expect(data(frames)).toEqual(hex(sources));
    expect(frames.map(({ keyframe }) => keyframe)).toEqual([true, false, false]);
  });

  it('gives the frames back in order however the packets are shuffled and doubled, at any sequence number', () => {
    const displacement = fc.array(fc.double({ min: 0, max: 8, noNaN: true }), { minLength: 100, maxLength: 100 });
    fc.assert(
      fc.property(
        stream,
        displacement,
        fc.integer({ min: 0, max: 0xffff }),
        fc.boolean(),
        (source, moves, firstSequence, doubled) => {
          const { units, packets, packetsOfFrame } = packetsOf(source, firstSequence);
          const first = packetsOfFrame[0] ?? [];
          // The first frame's last packet stays behind the others: before a frame is complete nobody can know where it began.
          const order = packets.map((packet, index) => ({
            packet,
            at: index < first.length - 1 ? (moves[index] ?? 0) - 100 : index + (moves[index % 100] ?? 0),
          }));
          order.sort((a, b) => a.at - b.at);
          const shuffled = order.flatMap(({ packet }) => (doubled ? [packet, packet] : [packet]));
          const { frames, lost } = pushAll(new FrameAssembler('H264'), shuffled);
          expect(data(frames)).toEqual(hex(units));
          expect(lost).toBe(false);
        },
      ),
    );
  });

  it('yields only whole frames after a loss, and none before the next keyframe', () => {
    fc.assert(
      fc.property(
        stream,
        fc.nat(),
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 0, max: 0xffff }),
        (source, place, count, firstSequence) => {
          const frames = [...source, DELTA, DELTA, KEY, DELTA, DELTA];
          const { units, packets, packetsOfFrame } = packetsOf(frames, firstSequence);
          // Not the very first packet: without it nobody knows that it is missing. Not the last frames: they bring the recovery.
          const lastLoss = packets.length - packetsOfFrame.slice(-4).flat().length - 1;
          const from = 1 + (place % lastLoss);
          const missing = new Set(packets.slice(from, Math.min(from + count, lastLoss + 1)));
          const assembler = new FrameAssembler('H264');
          const output: AssembledFrame[] = [];
          let lost = false;
          packets.forEach((packet, index) => {
            if (missing.has(packet)) return;
            const result = assembler.push(packet, index * LONG_MS);
            lost ||= result.lost;
            output.push(...result.frames);
          });
          expect(lost).toBe(true);

          const broken = packetsOfFrame.findIndex((own) => own.some((packet) => missing.has(packet)));
          const known = new Map(hex(units).map((unit, index) => [`${unit}@${1000 + index * 3000}`, index]));
          const indices = output.map((frame) => known.get(`${frame.data.toString('hex')}@${frame.rtpTimestamp}`));
          expect(indices).not.toContain(undefined);
          const after = indices.filter((index) => index !== undefined && index >= broken);
          expect(after.length).toBeGreaterThan(0);
          expect(frames[after[0] ?? -1]?.keyframe).toBe(true);
          // From that keyframe on nothing is missing.
          expect(after).toEqual(Array.from({ length: after.length }, (_, step) => (after[0] ?? 0) + step));
          expect(assembler.needsKeyframe).toBe(false);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('does not wait longer for a packet in the middle of a frame than for one between frames', () => {
    const { packets, packetsOfFrame } = packetsOf([KEY, { keyframe: false, size: 200 }, DELTA, DELTA]);
    const second = packetsOfFrame[1] ?? [];
    const assembler = new FrameAssembler('H264');
    const { frames } = pushAll(
      assembler,
      packets.filter((packet) => packet !== second[2] && packet !== packets.at(-1)),
    );
    expect(frames).toHaveLength(1);
    const last = packets.at(-1);
    if (last === undefined) throw new Error('no packet');
    expect(assembler.push(last, LONG_MS).lost).toBe(true);
    expect(assembler.needsKeyframe).toBe(true);
  });

  it('waits as long as it takes for a frame that comes slowly but without a gap', () => {
    const { units, packets } = packetsOf([{ keyframe: true, size: 1000 }]);
    const assembler = new FrameAssembler('H264');
    const outputs = packets.map((packet, index) => assembler.push(packet, index * LONG_MS));
    expect(outputs.some(({ lost }) => lost)).toBe(false);
    expect(data(outputs.flatMap(({ frames }) => frames))).toEqual(hex(units));
  });

  it('takes a packet that was sent again in time', () => {
    const { units, packets } = packetsOf([KEY, DELTA, DELTA]);
    const assembler = new FrameAssembler('H264');
    const [late] = packets.splice(5, 1);
    pushAll(assembler, packets, 0);
    if (late === undefined) throw new Error('no packet');
    const { frames, lost } = assembler.push(late, 100);
    expect(lost).toBe(false);
    expect(frames.at(-1)?.data).toEqual(units[2]);
  });

  it('asks for a keyframe until there is one', () => {
    const assembler = new FrameAssembler('H264');
    expect(assembler.needsKeyframe).toBe(true);
    expect(pushAll(assembler, packetsOf([DELTA, DELTA]).packets)).toEqual({ frames: [], lost: false });
    expect(assembler.needsKeyframe).toBe(true);
  });

  it('does not take a frame without its beginning for a keyframe', () => {
    const { packets } = packetsOf([KEY]);
    const assembler = new FrameAssembler('H264');
    expect(pushAll(assembler, packets.slice(2)).frames).toEqual([]);
    expect(assembler.needsKeyframe).toBe(true);
  });

  it('leaves padding packets out', () => {
    const { units, packets } = packetsOf([KEY, DELTA]);
    const padding = new RtpPacket(new RtpHeader({ timestamp: 1000, marker: false }), Buffer.alloc(0));
    const padded = [...packets.slice(0, -1), padding, ...packets.slice(-1)];
    padded.forEach((packet, index) => {
      packet.header.sequenceNumber = index;
    });
    expect(data(pushAll(new FrameAssembler('H264'), padded).frames)).toEqual(hex(units));
  });

  it('begins again when the sender does so with other sequence numbers', () => {
    const assembler = new FrameAssembler('H264');
    pushAll(assembler, packetsOf([KEY, DELTA], 20_000).packets);
    const again = packetsOf([KEY, DELTA], 3000);
    expect(data(pushAll(assembler, again.packets, 10).frames)).toEqual(hex(again.units));
  });

  it('does not begin again for a packet that is only late', () => {
    const { packets } = packetsOf([KEY, DELTA]);
    const assembler = new FrameAssembler('H264');
    pushAll(assembler, packets);
    expect(pushAll(assembler, packets)).toEqual({ frames: [], lost: false });
    expect(assembler.needsKeyframe).toBe(false);
  });

  it('keeps a bounded number of packets, whatever comes', () => {
    const assembler = new FrameAssembler('H264');
    let losses = 0;
    for (let sequence = 0; sequence < 2000; sequence += 1) {
      const header = new RtpHeader({ sequenceNumber: sequence, timestamp: 1, marker: false });
      if (assembler.push(new RtpPacket(header, Buffer.alloc(8, 0x41)), 0).lost) losses += 1;
    }
    expect(losses).toBe(9);
  });

  it.each(['H264', 'VP8'] as const)('never throws on garbage, and recovers at the next %s keyframe', (codec) => {
    const garbage = fc.record({
      sequenceNumber: fc.integer({ min: 0, max: 0xffff }),
      timestamp: fc.integer({ min: 0, max: 0xffff_ffff }),
      marker: fc.boolean(),
      payload: fc.uint8Array({ maxLength: 30 }),
      waitMs: fc.integer({ min: 0, max: 100 }),
    });
    fc.assert(
      fc.property(fc.array(garbage, { maxLength: 60 }), (packets) => {
        const assembler = new FrameAssembler(codec);
        let nowMs = 0;
        for (const { payload, waitMs, ...header } of packets) {
          nowMs += waitMs;
          assembler.push(new RtpPacket(new RtpHeader(header), Buffer.from(payload)), nowMs);
        }
      }),
      { numRuns: 500 },
    );
    const assembler = new FrameAssembler(codec);
    const bad = new RtpPacket(new RtpHeader({ sequenceNumber: 0, timestamp: 1, marker: true }), Buffer.from([0x1c]));
    expect(assembler.push(bad, 0).frames).toEqual([]);
    const good =
      codec === 'H264'
        ? packetsOf([KEY], 1).packets
        : new Vp8Packetizer({ maxPayloadSize: PAYLOAD_BYTES }).packetize(Buffer.alloc(100, 0x10), 9).map((packet, index) => {
            packet.header.sequenceNumber = index + 1;
            return packet;
          });
    expect(pushAll(assembler, good).frames).toHaveLength(1);
  });
});
