import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  GenericNack,
  RTCPeerConnection,
  RTCRtpCodecParameters,
  RtcpTransportLayerFeedback,
  useAbsSendTime,
  useNACK,
  usePLI,
  useSdesMid,
  useTransportWideCC,
  useTWCC,
} from 'werift';
import type { OfferSummary } from '../../common/index.js';
import type { SentPacket } from './paced-transport.js';
import { PeerConnection, type PeerConnectionOptions } from './peer-connection.js';
import type { Feedback } from './rtcp-feedback.js';

const OPTIONS: PeerConnectionOptions = {
  iceServers: [],
  iceTransportPolicy: 'all',
  iceGatherTimeoutMs: 1000,
  hostAddresses: [],
  announceInterfaces: true,
  udpPorts: undefined,
  tcp: undefined,
  permits: () => true,
  videoCodecs: ['VP8', 'H264'],
  maxMessageBytes: 65_536,
};
const OFFER: OfferSummary = {
  media: [
    {
      mid: '0',
      kind: 'video',
      direction: 'recvonly',
      codecs: [{ payloadType: 96, name: 'VP8', clockRate: 90_000, parameters: '' }],
    },
  ],
  dataChannel: true,
  iceCandidates: 0,
  dtlsSetup: 'actpass',
};
/** Without candidates: nothing is sent. */
const CHROMIUM = readFileSync(new URL('../../signaling/fixtures/chromium.sdp', import.meta.url), 'utf8')
  .replaceAll('\n', '\r\n')
  .replaceAll(/^a=candidate.*\r\n/gmu, '');

describe('PeerConnection.answer', () => {
  let connection: PeerConnection | undefined;
  afterEach(async () => {
    await connection?.close();
    connection = undefined;
  });

  it.each([
    ['actpass', 'passive'],
    ['active', 'passive'],
    ['passive', 'active'],
  ] as const)('answers a=setup:%s with a=setup:%s, said in each section or left to the summary', async (dtlsSetup, answered) => {
    for (const line of [`a=setup:${dtlsSetup}\r\n`, '']) {
      connection = await PeerConnection.answer(
        CHROMIUM.replaceAll('a=setup:actpass\r\n', line),
        { ...OFFER, dtlsSetup },
        OPTIONS,
      );
      const said = [...connection.localSdp.matchAll(/^a=setup:(\w+)/gmu)].map(([, setup]) => setup);
      expect(said.length).toBeGreaterThan(0);
      expect(new Set(said)).toEqual(new Set([answered]));
      await connection.close();
    }
  });

  it.each(['actpass', 'active', 'passive'] as const)('connects with a client that offers a=setup:%s', async (dtlsSetup) => {
    const client = new RTCPeerConnection({ iceServers: [] });
    try {
      client.createDataChannel('x');
      await client.setLocalDescription(await client.createOffer());
      const sdp = client.localDescription?.sdp.replaceAll('a=setup:actpass', `a=setup:${dtlsSetup}`) ?? '';
      const accepted = await PeerConnection.answer(sdp, { ...OFFER, media: [], dtlsSetup }, OPTIONS);
      connection = accepted;
      await client.setRemoteDescription({ type: 'answer', sdp: accepted.localSdp });
      await vi.waitFor(() => expect([client.connectionState, accepted.state]).toEqual(['connected', 'connected']), 8000);
    } finally {
      await client.close();
    }
  });

  it('reads an offer whose lines end now in CRLF and now in LF', async () => {
    connection = await PeerConnection.answer(CHROMIUM.replace(/\r\n(?=m=video)/u, '\n'), OFFER, OPTIONS);
    expect(connection.video?.codec).toBe('VP8');
  });

  it('throws when the answer has no media section', async () => {
    await expect(PeerConnection.answer('v=0\r\ns=-\r\nt=0 0\r\n', OFFER, OPTIONS)).rejects.toThrow('no media section');
  });
});

describe('a connection with media', () => {
  const open: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const one of open.splice(0)) await one.close();
  });

  /** A server and a client that is connected with it, which takes VP8 and whatever else `changes` says. */
  async function connected(changes: { headerExtensions?: boolean; rtx?: boolean } = {}) {
    const { headerExtensions = true, rtx = true } = changes;
    const rtcpFeedback = [useNACK(), usePLI(), ...(headerExtensions ? [useTWCC()] : [])];
    const vp8 = new RTCRtpCodecParameters({ mimeType: 'video/VP8', clockRate: 90_000, payloadType: 98, rtcpFeedback });
    const retransmission = new RTCRtpCodecParameters({
      mimeType: 'video/rtx',
      clockRate: 90_000,
      payloadType: 99,
      parameters: 'apt=98',
    });
    const client = new RTCPeerConnection({
      iceServers: [],
      iceUseIpv6: false,
      codecs: { video: rtx ? [vp8, retransmission] : [vp8] },
      headerExtensions: { video: headerExtensions ? [useSdesMid(), useAbsSendTime(), useTransportWideCC()] : [useSdesMid()] },
    });
    open.push(client);
    const transceiver = client.addTransceiver('video', { direction: 'recvonly' });
    const payloads: Buffer[] = [];
    const numbers: number[] = [];
    transceiver.onTrack.subscribe((track) =>
      track.onReceiveRtp.subscribe(({ header, payload }) => {
        payloads.push(payload);
        numbers.push(header.sequenceNumber);
      }),
    );
    await client.setLocalDescription(await client.createOffer());
    const sdp = client.localDescription?.sdp ?? '';
    const mid = /^a=mid:(\S+)/mu.exec(sdp)?.[1] ?? '';
    const codecs = [
      { payloadType: 98, name: 'VP8', clockRate: 90_000, parameters: '' },
      { payloadType: 99, name: 'RTX', clockRate: 90_000, parameters: 'apt=98' },
    ];
    const media = [{ mid, kind: 'video' as const, direction: 'recvonly' as const, codecs }];
    const server = await PeerConnection.answer(sdp, { ...OFFER, media, dataChannel: false }, OPTIONS);
    open.push(server);
    const feedback: Feedback[] = [];
    const sent: SentPacket[] = [];
    server.observe({
      connectionStateChanged: () => undefined,
      dataChannelAdded: () => undefined,
      trackReceived: () => undefined,
      feedbackReceived: (one) => feedback.push(one),
      packetSent: (packet) => sent.push(packet),
    });
    await client.setRemoteDescription({ type: 'answer', sdp: server.localSdp });
    await vi.waitFor(() => expect([client.connectionState, server.state]).toEqual(['connected', 'connected']), 8000);
    const { video } = server;
    if (video === undefined) throw new Error('no video');
    return { transceiver, server, video, payloads, numbers, feedback, sent };
  }

  const frame = Buffer.from([0x10, ...Array.from({ length: 2999 }, (_, index) => index & 0xff)]);

  it('reports each packet that leaves and, from the receiver’s feedback, when it arrived', async () => {
    const { video, feedback, sent, payloads } = await connected();
    for (let index = 0; index < 5; index += 1) video.send(frame, index * 3000);
    await vi.waitFor(() => expect(feedback.map(({ type }) => type)).toContain('arrivals'), 5000);
    // werift says nothing of the first packet, which it sets its feedback up by, and then speaks of eleven at a time.
    const arrivals = feedback.flatMap((one) => (one.type === 'arrivals' ? one.arrivals : []));
    expect(arrivals.map(({ sequenceNumber }) => sequenceNumber)).toEqual(Array.from({ length: 11 }, (_, index) => index));
    const times = arrivals.map(({ receivedAtMs = Number.NaN }) => receivedAtMs);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    await vi.waitFor(() => expect(payloads).toHaveLength(15), 5000);
    expect(sent.map(({ sequenceNumber }) => sequenceNumber)).toEqual(Array.from({ length: 15 }, (_, index) => index));
  });

  it('sends no transport-wide numbers to a client that does not know them', async () => {
    const { video, sent, payloads } = await connected({ headerExtensions: false });
    video.send(frame, 0);
    await vi.waitFor(() => expect(payloads).toHaveLength(3), 5000);
    expect(sent).toEqual([]);
  });

  it('probes with packets that the client has had, and not where it takes none again', async () => {
    const { server, video, sent, payloads } = await connected();
    video.send(frame, 0);
    await vi.waitFor(() => expect(payloads).toHaveLength(3), 5000);
    expect(server.sendProbe({ id: 3, bitrate: 5_000_000, bytes: 5000 })).toBe(true);
    await vi.waitFor(() => expect(video.stats.probeBytes).toBeGreaterThanOrEqual(4000), 5000);
    expect(sent.slice(3).every(({ probe }) => probe === 3)).toBe(true);
    const without = await connected({ rtx: false });
    expect(without.server.sendProbe({ id: 3, bitrate: 5_000_000, bytes: 5000 })).toBe(false);
  });

  it('sends again what a NACK names, and hears a PLI', async () => {
    const { transceiver, video, numbers, payloads, feedback } = await connected();
    video.send(frame, 0);
    await vi.waitFor(() => expect(payloads).toHaveLength(3), 5000);
    await transceiver.receiver.sendRtcpPLI(video.ssrc);
    await vi.waitFor(() => expect(feedback.some(({ type }) => type === 'keyframe-request')).toBe(true), 5000);
    expect(video.stats.plis).toBe(1);
    const nack = new GenericNack({ senderSsrc: 1, mediaSourceSsrc: video.ssrc, lost: numbers.slice(-1) });
    await transceiver.dtlsTransport.sendRtcp([new RtcpTransportLayerFeedback({ feedback: nack })]);
    await vi.waitFor(() => expect(video.stats).toMatchObject({ nacks: 1, retransmittedPackets: 1 }), 5000);
  });

  it('lets packets leave at the pace that is set', async () => {
    const { server, video, payloads } = await connected();
    server.setPacing(200_000);
    video.send(frame, 0);
    expect(server.queuedMs).toBeGreaterThan(50);
    server.setPacing(50_000_000);
    await vi.waitFor(() => expect(payloads).toHaveLength(3), 5000);
    expect(server.queuedMs).toBe(0);
  });
});
