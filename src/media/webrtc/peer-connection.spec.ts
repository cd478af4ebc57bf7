import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { RTCPeerConnection } from 'werift';
import type { OfferSummary } from '../../common/index.js';
import { PeerConnection, type PeerConnectionOptions } from './peer-connection.js';

const OPTIONS: PeerConnectionOptions = {
  iceServers: [],
  iceGatherTimeoutMs: 1000,
  hostAddresses: [],
  videoCodec: 'VP8',
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
