import { describe, expect, it } from 'vitest';
import type { MediaDirection, OfferedCodec, OfferSummary } from '../../common/index.js';
import { withBundledPorts, withUsableVideoCodecs, withSetup } from './offer-filter.js';

function codec(payloadType: number, name: string, parameters = ''): OfferedCodec {
  return { payloadType, name, clockRate: 90_000, parameters };
}

describe('H.264 in an offer', () => {
  it.each([
    [true, 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f'],
    [true, 'profile-level-id=42001f;packetization-mode=1'],
    [true, 'packetization-mode=1; profile-level-id=42E01F'],
    [true, 'PACKETIZATION-MODE=1'],
    [false, ''],
    [false, 'profile-level-id=42e01f'],
    [false, 'packetization-mode=0;profile-level-id=42e01f'],
    [false, 'packetization-mode=10;profile-level-id=42e01f'],
    [false, 'x-packetization-mode=1;profile-level-id=42e01f'],
    [true, 'packetization-mode=1;profile-level-id=640c1f'],
    [true, 'packetization-mode=1;profile-level-id=4d001f'],
    [false, 'packetization-mode=1;profile-level-id=f4001f'],
    [false, 'packetization-mode=0;profile-level-id=640c1f'],
  ])('is kept (%s) with "%s"', (kept, parameters) => {
    const sdp = ['v=0', 'm=video 9 UDP/TLS/RTP/SAVPF 96 98', 'a=rtpmap:96 H264/90000', 'a=rtpmap:98 VP8/90000'].join('\r\n');
    const codecs = [codec(96, 'H264', parameters), codec(98, 'VP8')];
    const filtered = withUsableVideoCodecs(sdp, {
      media: [{ mid: '0', kind: 'video', direction: 'recvonly', codecs }],
      dataChannel: false,
      iceCandidates: 0,
      dtlsSetup: 'actpass',
    });
    expect(filtered.includes('H264')).toBe(kept);
    expect(filtered).toContain(kept ? 'SAVPF 96 98' : 'SAVPF 98');
  });
});

/** A picture format that our encoders do not make: 4:4:4. */
const UNUSABLE = 'packetization-mode=1;profile-level-id=f4001f';
const BASELINE = 'packetization-mode=1;profile-level-id=42e01f';

const SDP = [
  'v=0',
  'm=audio 9 UDP/TLS/RTP/SAVPF 96 111',
  'a=rtpmap:96 telephone-event/48000',
  'm=video 9 UDP/TLS/RTP/SAVPF 96 97 98 99 100',
  'a=mid:1',
  'a=rtpmap:96 H264/90000',
  `a=fmtp:96 ${UNUSABLE}`,
  'a=rtcp-fb:96 nack pli',
  'a=rtpmap:97 rtx/90000',
  'a=fmtp:97 apt=96',
  'a=rtpmap:98 H264/90000',
  `a=fmtp:98 ${BASELINE}`,
  'a=rtpmap:99 rtx/90000',
  'a=fmtp:99 apt=98',
  'a=rtpmap:100 VP8/90000',
  'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
  '',
].join('\r\n');

const OFFER: OfferSummary = {
  media: [
    { mid: '0', kind: 'audio', direction: 'recvonly', codecs: [codec(96, 'TELEPHONE-EVENT')] },
    {
      mid: '1',
      kind: 'video',
      direction: 'recvonly',
      codecs: [
        codec(96, 'H264', UNUSABLE),
        codec(97, 'RTX', 'apt=96'),
        codec(98, 'H264', BASELINE),
        codec(99, 'RTX', 'apt=98'),
        codec(100, 'VP8'),
      ],
    },
  ],
  dataChannel: true,
  iceCandidates: 0,
  dtlsSetup: 'actpass',
};

describe('withUsableVideoCodecs', () => {
  it('takes a codec we cannot serve out, with its parameters, feedback and retransmission, and nothing else', () => {
    const lines = SDP.split('\r\n');
    const expected = [...lines.slice(0, 3), 'm=video 9 UDP/TLS/RTP/SAVPF 98 99 100', lines[4], ...lines.slice(10)];
    expect(withUsableVideoCodecs(SDP, OFFER).split('\r\n')).toEqual(expected);
  });

  it('gives an offer without such a codec back as it is', () => {
    const media = OFFER.media.map((section) => ({
      ...section,
      codecs: section.codecs.filter(({ payloadType }) => payloadType > 97),
    }));
    expect(withUsableVideoCodecs(SDP, { ...OFFER, media })).toBe(SDP);
  });

  it('leaves the formats of a section of nothing else, but no codec by name: it is then rejected and not malformed', () => {
    const codecs = [codec(96, 'H264', UNUSABLE), codec(97, 'RTX', 'apt=96')];
    const sdp = SDP.replace('SAVPF 96 97 98 99 100', 'SAVPF 96 97').replace(/a=rtpmap:98[^]*?(?=m=application)/u, '');
    const offer: OfferSummary = { ...OFFER, media: [{ mid: '1', kind: 'video', direction: 'recvonly', codecs }] };
    const lines = withUsableVideoCodecs(sdp, offer).split('\r\n');
    expect(lines.slice(3)).toEqual(['m=video 9 UDP/TLS/RTP/SAVPF 96 97', 'a=mid:1', ...SDP.split('\r\n').slice(-2)]);
  });
});

describe('the choice between several payload types of a codec', () => {
  const NAMES: Readonly<Record<number, string>> = {
    96: 'H264',
    98: 'H264',
    100: 'H264',
    102: 'VP9',
    104: 'VP9',
    106: 'AV1',
    108: 'AV1',
    110: 'VP8',
  };

  function filtered(
    parameters: Readonly<Record<number, string>>,
    direction: MediaDirection = 'recvonly',
    mid: string | undefined = '0',
  ): number[] {
    const payloadTypes = Object.keys(parameters).map(Number);
    const lines = [`m=video 9 UDP/TLS/RTP/SAVPF ${payloadTypes.join(' ')}`, ...(mid === undefined ? [] : [`a=mid:${mid}`])];
    for (const payloadType of payloadTypes) lines.push(`a=rtpmap:${payloadType} ${NAMES[payloadType]}/90000`);
    const codecs = payloadTypes.map((payloadType) => codec(payloadType, NAMES[payloadType] ?? '', parameters[payloadType]));
    const offer: OfferSummary = { ...OFFER, media: [{ mid: mid ?? '', kind: 'video', direction, codecs }] };
    const kept = withUsableVideoCodecs(['v=0', ...lines, ''].join('\r\n'), offer);
    expect([...kept.matchAll(/^a=rtpmap:(\d+)/gmu)].map(([, type]) => Number(type))).toEqual(
      /^m=video \S+ \S+ (.*)\r$/mu.exec(kept)?.[1]?.split(' ').map(Number),
    );
    return [...kept.matchAll(/^a=rtpmap:(\d+)/gmu)].map(([, type]) => Number(type));
  }

  const [baseline, main, high] = ['42001f', '4d001f', '64001f'].map((id) => `packetization-mode=1;profile-level-id=${id}`) as [
    string,
    string,
    string,
  ];

  it('takes the best profile of H.264, wherever it stands, and the first of two alike', () => {
    expect(filtered({ 96: baseline, 98: main, 100: high })).toEqual([100]);
    expect(filtered({ 96: high, 98: baseline })).toEqual([96]);
    expect(filtered({ 96: baseline, 98: main })).toEqual([98]);
    expect(filtered({ 96: baseline, 98: baseline.replace('42001f', '42e01f') })).toEqual([96]);
  });

  it('takes VP9 and AV1 in profile 0 only', () => {
    expect(filtered({ 102: 'profile-id=2', 104: 'profile-id=0', 106: 'level-idx=5;profile=1', 108: '' })).toEqual([104, 108]);
    expect(filtered({ 102: '', 104: 'profile-id=1', 110: '' })).toEqual([102, 110]);
  });

  it('leaves out what it could not decode where the client sends as well', () => {
    for (const direction of ['sendrecv', 'sendonly'] as const)
      expect(filtered({ 96: baseline, 102: '', 106: '', 110: '' }, direction)).toEqual([96, 110]);
    expect(filtered({ 96: baseline, 102: '', 106: '', 110: '' })).toEqual([96, 102, 106, 110]);
  });

  it('works without mids', () => {
    expect(filtered({ 96: baseline, 100: high }, 'recvonly', undefined)).toEqual([100]);
  });
});

describe('withSetup', () => {
  it('gives each section that says nothing the value of the offer, and ends every line in CRLF', () => {
    const sdp = 'v=0\r\na=setup:passive\nm=video 9 X 96\na=setup:passive\r\na=mid:0\nm=audio 9 X 111\na=mid:1\n';
    const expected = ['v=0', 'a=setup:passive', 'm=video 9 X 96', 'a=setup:passive', 'a=mid:0'];
    expected.push('m=audio 9 X 111', 'a=setup:passive', 'a=mid:1', '');
    expect(withSetup(sdp, { ...OFFER, dtlsSetup: 'passive' })).toBe(expected.join('\r\n'));
  });

  it('gives a complete offer, and one without sections, back as it is', () => {
    const sdp = 'v=0\r\nm=video 9 X 96\r\na=setup:actpass\r\n';
    expect(withSetup(sdp, OFFER)).toBe(sdp);
    expect(withSetup('v=0\r\n', OFFER)).toBe('v=0\r\n');
  });
});

describe('withBundledPorts', () => {
  it('gives a bundle-only section a port, and leaves a rejected one rejected', () => {
    const sections = [
      'v=0',
      'm=video 9 X 96',
      'm=audio 0 X 111',
      'a=bundle-only',
      'm=audio 0 X 111',
      'a=mid:2',
      'm=application 0 X y',
      'a=bundle-only',
      '',
    ];
    const expected = [
      'v=0',
      'm=video 9 X 96',
      'm=audio 9 X 111',
      'a=bundle-only',
      'm=audio 0 X 111',
      'a=mid:2',
      'm=application 9 X y',
      'a=bundle-only',
      '',
    ];
    for (const ending of ['\r\n', '\n']) expect(withBundledPorts(sections.join(ending))).toBe(expected.join(ending));
  });

  it('gives any other offer back as it is', () => {
    expect(withBundledPorts(SDP)).toBe(SDP);
  });
});
