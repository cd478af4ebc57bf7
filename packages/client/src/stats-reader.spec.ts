import { describe, expect, it } from 'vitest';
import { readStats } from './stats-reader.js';

function report(...entries: readonly Record<string, unknown>[]): RTCStatsReport {
  return new Map(entries.map((entry) => [entry['id'], entry])) as unknown as RTCStatsReport;
}

const PATH = [
  { id: 'T', type: 'transport', selectedCandidatePairId: 'P' },
  { id: 'P', type: 'candidate-pair', currentRoundTripTime: 0.02, localCandidateId: 'L', remoteCandidateId: 'R' },
  { id: 'L', type: 'local-candidate', candidateType: 'relay', protocol: 'udp', relayProtocol: 'tls' },
  { id: 'R', type: 'remote-candidate', candidateType: 'host' },
  { id: 'C', type: 'codec', mimeType: 'video/H264' },
];

const video = (timestamp: number, more: Record<string, unknown>): Record<string, unknown> => ({
  id: 'V',
  type: 'inbound-rtp',
  kind: 'video',
  codecId: 'C',
  timestamp,
  ...more,
});

describe('readStats', () => {
  it('tells what happened between two reports, and how things are', () => {
    const before = report(...PATH, video(1000, { framesDecoded: 10, bytesReceived: 1000, packetsReceived: 100, packetsLost: 0 }));
    const now = report(
      ...PATH,
      video(1500, {
        framesDecoded: 22,
        bytesReceived: 63_500,
        packetsReceived: 190,
        packetsLost: 10,
        jitter: 0.003,
        frameWidth: 832,
        frameHeight: 480,
        jitterBufferDelay: 0.24,
        jitterBufferEmittedCount: 12,
        totalDecodeTime: 0.024,
        freezeCount: 1,
        totalFreezesDuration: 0.3,
        decoderImplementation: 'FFmpeg',
      }),
    );
    expect(readStats(before, now)).toMatchObject({
      video: {
        fps: 24,
        bitrate: 1_000_000,
        width: 832,
        height: 480,
        codec: 'video/H264',
        decoder: 'FFmpeg',
        lossFraction: 0.1,
        jitterMs: 3,
        jitterBufferMs: 20,
        decodeMs: 2,
        freezes: 1,
        freezeMs: 300,
        totalFrames: 22,
      },
      audio: undefined,
      camera: undefined,
      roundTripMs: 20,
      path: { local: 'relay', remote: 'host', protocol: 'udp', relayProtocol: 'tls' },
    });
  });

  it('knows no rates of the first report, nor of a stream that is another one', () => {
    const now = report(video(1500, { framesDecoded: 22, totalDecodeTime: 0.044 }));
    expect(readStats(undefined, now).video).toMatchObject({ fps: 0, bitrate: 0, decodeMs: 2, totalFrames: 22 });
    const other = report(video(1000, { id: 'W', framesDecoded: 100 }));
    expect(readStats(other, now).video).toMatchObject({ fps: 0, totalFrames: 22 });
  });

  it('finds the path in the report of a browser without a transport entry', () => {
    const [, pair, ...others] = PATH;
    expect(readStats(undefined, report({ ...pair, nominated: true }, ...others))).toMatchObject({
      roundTripMs: 20,
      path: { local: 'relay' },
    });
  });

  it('takes late packets that make the loss negative for none', () => {
    const before = report(video(1000, { packetsLost: 5, packetsReceived: 10 }));
    expect(readStats(before, report(video(2000, { packetsLost: 3, packetsReceived: 20 }))).video?.lossFraction).toBe(0);
  });

  it('makes nothing of nothing', () => {
    expect(readStats(undefined, report())).toEqual({
      video: undefined,
      audio: undefined,
      camera: undefined,
      microphone: undefined,
      roundTripMs: undefined,
      path: undefined,
    });
  });
});
