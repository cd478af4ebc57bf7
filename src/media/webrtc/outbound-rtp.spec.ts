import { describe, expect, it, vi } from 'vitest';
import { RTCRtpCodecParameters } from 'werift';
import {
  AUDIO_SSRC,
  codec,
  COUNTER_MODE,
  GCM,
  IDS,
  isRising,
  LARGEST_DATAGRAM,
  numbersOf,
  picture,
  RTX_SSRC,
  simulateTime,
  VIDEO_SSRC,
  World,
} from './outbound-rtp.testing.js';

simulateTime();

describe('OutboundRtp', () => {
  it('sends a picture in packets that a receiver decrypts, numbered one by one', async () => {
    const world = new World();
    const video = world.stream('video');
    video.send(picture(5000), 90_000);
    await vi.runAllTimersAsync();
    expect(world.received).toHaveLength(5);
    expect(isRising(numbersOf(world.received))).toBe(true);
    expect(world.received.map(({ packet }) => [packet.header.payloadType, packet.header.ssrc, packet.header.timestamp])).toEqual(
      Array.from({ length: 5 }, () => [96, VIDEO_SSRC, 90_000]),
    );
    expect(world.received.map(({ packet }) => packet.header.marker)).toEqual([false, false, false, false, true]);
    // The slice without its start code; its first byte is in the two bytes before each fragment.
    expect(video.stats).toMatchObject({ packets: 5, bytes: 4995 + 5 * 2 });
  });

  it('numbers the packets of all streams together, as they leave, and reports each', async () => {
    const world = new World();
    world.transport.setPace(300_000);
    const video = world.stream('video');
    const audio = world.stream('audio');
    video.send(picture(5000), 0);
    audio.send(Buffer.alloc(100), 0);
    await vi.runAllTimersAsync();
    const numbers = world.received.map(({ extensions }) => extensions.get(IDS.transportWide)?.readUInt16BE());
    expect(numbers).toEqual([0, 1, 2, 3, 4, 5]);
    expect(world.received[1]?.packet.header.ssrc).toBe(AUDIO_SSRC);
    expect(world.sent.map(({ sequenceNumber, bytes }) => [sequenceNumber, bytes])).toEqual(
      world.received.map(({ datagram }, index) => [index, datagram.length]),
    );
    const times = world.sent.map(({ sentAtMs }) => sentAtMs);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeGreaterThan(100);
  });

  it('sends no transport-wide numbers where they were not negotiated for the codec', async () => {
    const world = new World();
    const plain = new RTCRtpCodecParameters({ mimeType: 'video/VP8', clockRate: 90_000, payloadType: 98 });
    world.stream('video', { codecs: [plain] }).send(Buffer.alloc(500), 0);
    await vi.runAllTimersAsync();
    expect(world.received[0]?.extensions.has(IDS.transportWide)).toBe(false);
    expect(world.sent).toEqual([]);
  });

  it.each([
    ['AES-GCM', GCM],
    ['counter mode with HMAC', COUNTER_MODE],
  ])('keeps every datagram within an IPv6 path of 1280 bytes, and uses it: %s', async (_name, profile) => {
    const world = new World(profile);
    const video = world.stream('video', { mid: 'm'.repeat(16) });
    const audio = world.stream('audio', { mid: 'm'.repeat(16) });
    audio.lossObserved(0.5);
    world.transport.setPace(1e9);
    for (let bytes = 1000; bytes < 4000; bytes += 7) {
      video.send(picture(bytes), bytes, { captureUnixMs: 1e12, keyframe: true });
      audio.send(Buffer.alloc(300 + (bytes % 275), 1), bytes * 10, { captureUnixMs: 1e12 });
    }
    await vi.runAllTimersAsync();
    video.retransmit(numbersOf(world.of(VIDEO_SSRC)));
    world.transport.probe({ id: 1, bitrate: 1e8, bytes: 20_000 }, () => video.padding());
    await vi.runAllTimersAsync();
    for (const ssrc of [VIDEO_SSRC, RTX_SSRC, AUDIO_SSRC]) {
      const largest = Math.max(...world.of(ssrc).map(({ datagram }) => datagram.length));
      expect(largest).toBeLessThanOrEqual(LARGEST_DATAGRAM);
      expect(largest).toBeGreaterThan(1150);
    }
    expect(video.stats.retransmittedPackets).toBeGreaterThan(100);
    expect(audio.stats.redundantPackets).toBeGreaterThan(100);
  });

  it('says the capture time and the playout delay in a picture’s first packet', async () => {
    const world = new World();
    world.stream('video').send(picture(3000), 0, { captureUnixMs: 1_790_000_000_000 });
    await vi.runAllTimersAsync();
    expect(world.received.map(({ extensions }) => [extensions.has(IDS.playoutDelay), extensions.has(IDS.captureTime)])).toEqual([
      [true, true],
      [false, false],
      [false, false],
    ]);
    expect(world.received[0]?.extensions.get(IDS.captureTime)?.readUInt32BE()).toBe((1_790_000_000 + 2_208_988_800) % 2 ** 32);
  });

  it('says the capture time of audio once a second', async () => {
    const world = new World();
    const audio = world.stream('audio');
    for (let index = 0; index < 120; index += 1) audio.send(Buffer.alloc(80), index * 960, { captureUnixMs: 1e12 + index * 20 });
    await vi.runAllTimersAsync();
    const said = world.received.flatMap(({ extensions }, index) => (extensions.has(IDS.captureTime) ? [index] : []));
    expect(said).toEqual([0, 50, 100]);
  });

  it('tells when the last packet of a picture left', async () => {
    const world = new World();
    world.transport.setPace(240_000);
    const onSent = vi.fn<(sentAtMs: number) => void>();
    world.stream('video').send(picture(3000), 0, { onSent });
    expect(onSent).not.toHaveBeenCalled();
    await vi.runAllTimersAsync();
    expect(onSent.mock.calls).toEqual([[world.sent.at(-1)?.sentAtMs]]);
  });

  it('drops what comes while there is no connection, and what waits when it closes', async () => {
    const world = new World();
    const onSent = vi.fn<(sentAtMs: number) => void>();
    const video = world.stream('video');
    world.dtls.state = 'connecting';
    video.send(picture(3000), 0, { onSent });
    world.dtls.state = 'connected';
    world.transport.setPace(240_000);
    video.send(picture(3000), 0, { onSent });
    world.transport.close();
    video.send(picture(3000), 0, { onSent });
    await vi.runAllTimersAsync();
    expect(world.received).toHaveLength(1);
    expect(onSent).not.toHaveBeenCalled();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('says that a picture was dropped which was waiting when the connection broke', async () => {
    const world = new World();
    const video = world.stream('video');
    world.transport.setPace(100_000);
    const [onSent, onDropped] = [vi.fn<() => void>(), vi.fn<() => void>()];
    video.send(Buffer.concat([Buffer.from([0, 0, 0, 1, 0x65]), Buffer.alloc(5000, 7)]), 1, { keyframe: true, onSent, onDropped });
    world.dtls.state = 'closed';
    await vi.advanceTimersByTimeAsync(2000);
    expect(onSent).not.toHaveBeenCalled();
    expect(onDropped).toHaveBeenCalledOnce();
  });

  it('refuses a picture whole that has no room, and those that build on it, up to the next keyframe', async () => {
    const world = new World();
    const video = world.stream('video');
    world.transport.setPace(240_000);
    video.send(picture(29_000), 0, { keyframe: true });
    expect(video.queuedMs).toBeGreaterThan(900);
    video.send(picture(3000), 1, { keyframe: false });
    expect(world.refused).toEqual([video]);
    await vi.advanceTimersByTimeAsync(500);
    video.send(picture(3000), 2, { keyframe: false });
    expect(video.stats.refusedFrames).toBe(2);
    expect(world.refused).toHaveLength(2);
    video.send(picture(3000), 3, { keyframe: true });
    video.send(picture(1000), 4, { keyframe: false });
    await vi.runAllTimersAsync();
    expect(new Set(world.received.map(({ packet }) => packet.header.timestamp))).toEqual(new Set([0, 3, 4]));
    // A receiver sees no gap: it would ask for what was never sent.
    expect(isRising(numbersOf(world.received))).toBe(true);
  });

  it('sends audio at once, whatever waits', async () => {
    const world = new World();
    world.transport.setPace(240_000);
    world.stream('video').send(picture(20_000), 0);
    const audio = world.stream('audio');
    audio.send(Buffer.alloc(100, 1), 0);
    expect(world.of(AUDIO_SSRC)).toHaveLength(1);
    world.transport.close();
  });
});

describe('retransmission', () => {
  it('sends a lost packet again on the retransmission stream, ahead of waiting video, once a round trip', async () => {
    const world = new World();
    const video = world.stream('video');
    video.send(picture(3000), 7);
    await vi.runAllTimersAsync();
    const [first, second] = world.of(VIDEO_SSRC);
    video.setRoundTrip(100);
    world.transport.setPace(240_000);
    video.send(picture(5000), 8);
    const lost = second?.packet.header.sequenceNumber ?? -1;
    video.retransmit([lost]);
    video.retransmit([lost]);
    await vi.advanceTimersByTimeAsync(60);
    const [again, ...more] = world.of(RTX_SSRC);
    expect(more).toEqual([]);
    expect(again?.packet.header).toMatchObject({ payloadType: 97, timestamp: 7 });
    expect(again?.packet.payload.readUInt16BE()).toBe(lost);
    expect(again?.packet.payload.subarray(2)).toEqual(second?.packet.payload);
    expect(again?.extensions.has(IDS.transportWide)).toBe(true);
    await vi.advanceTimersByTimeAsync(100);
    video.retransmit([lost, first?.packet.header.sequenceNumber ?? -1]);
    await vi.runAllTimersAsync();
    expect(world.received.indexOf(again!)).toBeLessThan(
      world.received.findLastIndex(({ packet }) => packet.header.timestamp === 8) - 3,
    );
    expect(numbersOf(world.of(RTX_SSRC))).toHaveLength(3);
    expect(isRising(numbersOf(world.of(RTX_SSRC)))).toBe(true);
    expect(video.stats).toMatchObject({ nacks: 3, retransmittedPackets: 3 });
  });

  it('begins again with a keyframe where repairs would take longer than one', async () => {
    const world = new World();
    world.transport.setPace(2_500_000);
    const video = world.stream('video');
    video.send(picture(60_000), 0, { keyframe: true });
    await vi.runAllTimersAsync();
    const first = numbersOf(world.of(VIDEO_SSRC));
    let dropped = 0;
    video.send(picture(8000), 3000, { keyframe: false, onDropped: () => (dropped += 1) });
    const before = world.of(VIDEO_SSRC).length;

    // 150 ms of the target, a megabit a second, are 16 packets.
    video.retransmit(first.slice(0, 10));
    expect(world.refused).toEqual([]);
    video.retransmit(first.slice(10, 40));
    expect(world.refused).toEqual([video]);
    expect(dropped).toBe(1);
    await vi.runAllTimersAsync();
    expect(world.of(RTX_SSRC).length).toBeLessThanOrEqual(10);
    expect(world.of(VIDEO_SSRC)).toHaveLength(before);

    expect(video.send(picture(2000), 6000, { keyframe: false })).toBe('congested');
    expect(video.send(picture(2000), 9000, { keyframe: true })).toBe('queued');
    video.retransmit(first);
    expect(world.refused).toHaveLength(2);
  });

  it('is not there where the receiver took no retransmission stream', async () => {
    const world = new World();
    const video = world.stream('video', { codecs: [codec('video/H264', 96), codec('video/rtx', 97, 'apt=98')] });
    video.send(picture(3000), 0);
    video.retransmit(numbersOf(world.received));
    await vi.runAllTimersAsync();
    expect(world.of(RTX_SSRC)).toEqual([]);
    expect(video.canPad).toBe(false);
    expect(video.padding()).toBeUndefined();
  });
});

describe('a probe', () => {
  it('sends packets again that the receiver has had, at the rate and in the number that is asked for', async () => {
    const world = new World();
    const video = world.stream('video');
    video.send(picture(9000), 7);
    await vi.runAllTimersAsync();
    const before = world.sent.length;
    expect(world.transport.probe({ id: 5, bitrate: 4_000_000, bytes: 10_000 }, () => video.padding())).toBe(true);
    await vi.runAllTimersAsync();
    const probe = world.sent.slice(before);
    expect(probe.every((one) => one.probe === 5)).toBe(true);
    const bytes = probe.reduce((sum, one) => sum + one.bytes, 0);
    expect(bytes).toBeGreaterThanOrEqual(10_000);
    expect(bytes).toBeLessThan(10_000 + LARGEST_DATAGRAM);
    const spanMs = (probe.at(-1)?.sentAtMs ?? 0) - (probe[0]?.sentAtMs ?? 0);
    expect(((bytes - (probe.at(-1)?.bytes ?? 0)) * 8) / spanMs).toBeGreaterThan(3600);
    const originals = world.of(RTX_SSRC).map(({ packet }) => packet.payload.readUInt16BE());
    expect(originals.every((number) => numbersOf(world.of(VIDEO_SSRC)).includes(number))).toBe(true);
    expect(new Set(originals).size).toBeGreaterThan(4);
    expect(video.stats).toMatchObject({ retransmittedPackets: 0, packets: 8 });
    expect(video.stats.probeBytes).toBeGreaterThan(9000);
  });

  it('pads before any picture was sent', async () => {
    const world = new World();
    const video = world.stream('video');
    world.transport.probe({ id: 1, bitrate: 2_000_000, bytes: 2000 }, () => video.padding());
    await vi.runAllTimersAsync();
    const padding = world.of(RTX_SSRC);
    expect(padding.length).toBeGreaterThan(5);
    expect(padding.every(({ packet }) => packet.header.padding && packet.header.paddingSize === 224)).toBe(true);
    expect(padding.every(({ packet, datagram }) => datagram.length - 16 - packet.header.payloadOffset === 224)).toBe(true);
    expect(isRising(numbersOf(padding))).toBe(true);
  });
});

describe('redundant audio', () => {
  it('carries earlier packets only while the receiver loses some, and stops when it does not', async () => {
    const world = new World();
    const audio = world.stream('audio');
    let index = 0;
    const send = (count: number): void => {
      for (let left = count; left > 0; left -= 1) audio.send(Buffer.alloc(60, (index += 1)), index * 960);
    };
    send(3);
    audio.lossObserved(0.08);
    send(3);
    for (let report = 0; report < 12; report += 1) audio.lossObserved(0);
    send(2);
    await vi.runAllTimersAsync();
    expect(world.received.map(({ packet }) => packet.header.payloadType)).toEqual([111, 111, 111, 63, 63, 63, 111, 111]);
    expect(world.received[3]?.packet.payload.length).toBe(4 + 1 + 60 + 60);
    expect(audio.stats.redundantPackets).toBe(3);
  });

  it('is left out where the receiver does not take it', async () => {
    const world = new World();
    const audio = world.stream('audio', { codecs: [codec('audio/opus', 111)] });
    audio.lossObserved(0.5);
    for (let index = 0; index < 3; index += 1) audio.send(Buffer.alloc(60), index * 960);
    await vi.runAllTimersAsync();
    expect(world.received.map(({ packet }) => packet.header.payloadType)).toEqual([111, 111, 111]);
  });
});
