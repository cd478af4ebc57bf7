import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Problem, type OfferSummary } from '../common/index.js';
import { inspectOffer } from './sdp-inspection.js';

const LIMITS = { maxSdpBytes: 65_536, maxIceCandidates: 64 };
const BROWSERS = ['chromium', 'firefox', 'safari', 'aiortc'] as const;

/** A description as its author sends it: with CRLF. */
function offerOf(author: (typeof BROWSERS)[number]): string {
  return readFileSync(new URL(`fixtures/${author}.sdp`, import.meta.url), 'utf8').replaceAll('\n', '\r\n');
}

const CHROMIUM = offerOf('chromium');

function refusal(sdp: string, limits = LIMITS): string {
  try {
    inspectOffer(sdp, limits);
  } catch (error) {
    if (error instanceof Problem && error.code === 'invalid-sdp') return error.detail;
    throw error;
  }
  throw new Error('the offer was accepted');
}

/** The summary, or undefined when the offer was refused as `invalid-sdp`; anything else that is thrown passes through. */
function inspected(sdp: string): OfferSummary | undefined {
  try {
    return inspectOffer(sdp, LIMITS);
  } catch (error) {
    if (error instanceof Problem && error.code === 'invalid-sdp') return undefined;
    throw error;
  }
}

function outline({ media, dataChannel, iceCandidates }: OfferSummary): object {
  return { media: media.map(({ mid, kind, direction }) => `${mid} ${kind} ${direction}`), dataChannel, iceCandidates };
}

describe('inspectOffer', () => {
  it.each([
    ['chromium', { media: ['0 video recvonly', '1 audio sendrecv'], dataChannel: true, iceCandidates: 3 }],
    ['firefox', { media: ['0 video recvonly', '1 audio recvonly'], dataChannel: true, iceCandidates: 2 }],
    ['safari', { media: ['video video recvonly', 'audio audio recvonly'], dataChannel: false, iceCandidates: 0 }],
    ['aiortc', { media: ['0 video recvonly'], dataChannel: true, iceCandidates: 1 }],
  ] as const)('reads an offer of %s', (author, expected) => {
    expect(outline(inspectOffer(offerOf(author), LIMITS))).toEqual(expected);
  });

  it('reads each codec with its own parameters', () => {
    const [video, audio] = inspectOffer(CHROMIUM, LIMITS).media;
    expect(video?.codecs).toContainEqual({
      payloadType: 103,
      name: 'H264',
      clockRate: 90_000,
      parameters: 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f',
    });
    expect(video?.codecs).toContainEqual({ payloadType: 97, name: 'RTX', clockRate: 90_000, parameters: 'apt=96' });
    expect(audio?.codecs[0]).toEqual({
      payloadType: 111,
      name: 'OPUS',
      clockRate: 48_000,
      parameters: 'minptime=10;useinbandfec=1',
    });
  });

  it('reads parameters that stand before their codec, as Firefox writes them', () => {
    const h264 = inspectOffer(offerOf('firefox'), LIMITS).media[0]?.codecs.find(({ name }) => name === 'H264');
    expect(h264?.parameters).toBe('profile-level-id=42e01f;level-asymmetry-allowed=1;packetization-mode=1');
  });

  it('takes lines that end in LF alone, all or some of them', () => {
    expect(inspectOffer(CHROMIUM.replaceAll('\r\n', '\n'), LIMITS)).toEqual(inspectOffer(CHROMIUM, LIMITS));
    expect(inspectOffer(CHROMIUM.replace('\r\n', '\n'), LIMITS)).toEqual(inspectOffer(CHROMIUM, LIMITS));
  });

  it.each([
    ['every line', CHROMIUM.replaceAll('\r\n', '\r')],
    ['one line', CHROMIUM.replace('\r\n', '\r')],
    ['the last line', `${CHROMIUM}a=x\r`],
    ['an empty line', CHROMIUM.replace('\r\n', '\r\r\n')],
  ])('refuses a CR without LF at the end of %s', (_what, sdp) => {
    expect(refusal(sdp)).toContain('carriage return without a line feed');
  });

  it.each(['actpass', 'active', 'passive'] as const)('reads a=setup:%s, of the sections or of the session', (setup) => {
    expect(inspectOffer(CHROMIUM.replaceAll('a=setup:actpass', `a=setup:${setup}`), LIMITS).dtlsSetup).toBe(setup);
    const without = CHROMIUM.replaceAll('a=setup:actpass\r\n', '');
    expect(inspectOffer(without.replace('t=0 0', `t=0 0\r\na=setup:${setup}`), LIMITS).dtlsSetup).toBe(setup);
    expect(inspectOffer(CHROMIUM.replace('t=0 0', `t=0 0\r\na=setup:${setup}`), LIMITS).dtlsSetup).toBe('actpass');
  });

  it('takes an offer without a=setup for actpass, and a section without it for the same as the others', () => {
    expect(inspectOffer(CHROMIUM.replaceAll('a=setup:actpass\r\n', ''), LIMITS).dtlsSetup).toBe('actpass');
    const passive = CHROMIUM.replaceAll('a=setup:actpass', 'a=setup:passive');
    expect(inspectOffer(passive.replace('a=setup:passive\r\n', ''), LIMITS).dtlsSetup).toBe('passive');
  });

  it('does not ask a rejected section for its a=setup', () => {
    const rejected = 'm=audio 0 UDP/TLS/RTP/SAVPF 111\r\na=setup:holdconn\r\na=mid:1\r\n';
    expect(inspectOffer(CHROMIUM.replace(/m=audio 9 .*?(?=m=application)/su, rejected), LIMITS).dtlsSetup).toBe('actpass');
  });

  it('leaves a rejected section out, and does not ask it for credentials', () => {
    const sdp = CHROMIUM.replace(/m=audio 9 .*?(?=m=application)/su, 'm=audio 0 UDP/TLS/RTP/SAVPF 111\r\na=mid:1\r\n');
    expect(outline(inspectOffer(sdp, LIMITS))).toEqual({ media: ['0 video recvonly'], dataChannel: true, iceCandidates: 3 });
  });

  it('takes a section that only shares the transport of the first for offered (RFC 8843 section 6)', () => {
    const [head, audio = ''] = CHROMIUM.split('m=audio 9 ');
    const bundled = audio.replaceAll('m=application 9 ', 'm=application 0 ').replaceAll('a=mid:', 'a=bundle-only\r\na=mid:');
    const withoutTransport = bundled.replace(/^a=(ice-|fingerprint|setup).*\r\n/gmu, '');
    const sdp = `${head}m=audio 0 ${withoutTransport}`;
    expect(inspectOffer(sdp, LIMITS)).toEqual(inspectOffer(CHROMIUM, LIMITS));
    expect(refusal(sdp.replace('BUNDLE 0 1 2', 'BUNDLE 1 2'))).toContain('no ICE credentials');
    expect(refusal(sdp.replace('a=group:BUNDLE 0 1 2\r\n', ''))).toContain('no ICE credentials');
  });

  it('takes the session for what a section does not say', () => {
    const lines = CHROMIUM.split('\r\n').filter((line) => !/^a=(ice-ufrag|ice-pwd|fingerprint|recvonly|sendrecv)/u.test(line));
    const shared = ['a=ice-ufrag:EsAw', 'a=ice-pwd:bP+XJMM09aR8AiX1jdukzR6Y', 'a=fingerprint:sha-256 4A:AD', 'a=sendonly'];
    lines.splice(4, 0, ...shared);
    expect(inspectOffer(lines.join('\r\n'), LIMITS).media.map(({ direction }) => direction)).toEqual(['sendonly', 'sendonly']);
  });

  it('takes a section without a direction for sendrecv (RFC 8866 section 6.7)', () => {
    expect(inspectOffer(CHROMIUM.replace('a=recvonly\r\n', ''), LIMITS).media[0]?.direction).toBe('sendrecv');
  });

  it('leaves out a codec whose payload type the section does not offer', () => {
    const video = inspectOffer(CHROMIUM.replace('SAVPF 96 97', 'SAVPF 97'), LIMITS).media[0];
    expect(video?.codecs.map(({ name }) => name)).not.toContain('VP8');
  });

  it('takes an offer of exactly the most bytes and candidates', () => {
    const limits = { maxSdpBytes: Buffer.byteLength(CHROMIUM), maxIceCandidates: 3 };
    expect(inspectOffer(CHROMIUM, limits).iceCandidates).toBe(3);
    expect(refusal(CHROMIUM, { ...limits, maxSdpBytes: limits.maxSdpBytes - 1 })).toMatch(
      /has \d+ bytes; at most \d+ are taken/u,
    );
    expect(refusal(CHROMIUM, { ...limits, maxIceCandidates: 2 })).toBe('The offer has 3 ICE candidates; at most 2 are taken.');
  });

  it('counts bytes, not characters', () => {
    expect(refusal('v=0\r\ns=ü', { ...LIMITS, maxSdpBytes: 8 })).toMatch(/^The offer has 9 bytes/u);
  });

  const replaced = (from: string | RegExp, to: string): string => {
    const sdp = CHROMIUM.replace(from, to);
    if (sdp === CHROMIUM) throw new Error(`nothing to replace: ${String(from)}`);
    return sdp;
  };
  const allReplaced = (from: RegExp, to: string): string => CHROMIUM.replaceAll(from, to);

  it.each([
    ['is empty', '', 'The offer is empty.'],
    ['is only blank lines', '\r\n\r\n', 'The offer is empty.'],
    ['is no SDP', 'hello', 'line 1 is not of the form "x=value"'],
    ['is JSON', '{"sdp":"v=0"}', 'line 1 is not of the form "x=value"'],
    ['has a broken line', replaced('a=rtcp-mux', 'rtcp-mux'), 'is not of the form "x=value"'],
    ['does not begin with its version', CHROMIUM.slice(5), 'its first line must be "v=0"'],
    ['has another version', replaced('v=0', 'v=1'), 'its first line must be "v=0"'],
    ['begins with a byte order mark', `\uFEFF${CHROMIUM}`, 'line 1 is not of the form'],
    ['has no media section', CHROMIUM.slice(0, CHROMIUM.indexOf('m=')), 'has no media section'],
    ['has only rejected sections', allReplaced(/^(m=\w+) \d+/gmu, '$1 0'), 'Every media section of the offer is rejected'],
    ['has too many sections', `v=0\r\n${'m=video 0 UDP/TLS/RTP/SAVPF 96\r\n'.repeat(17)}`, 'more than 16 media sections'],
    ['has a section of another kind', replaced('m=audio', 'm=text'), 'section 1 is of kind "text"'],
    ['has a port that is no number', replaced('m=audio 9', 'm=audio x'), 'section 1 has a malformed m= line'],
    ['has a port out of range', replaced('m=audio 9', 'm=audio 65536'), 'section 1 has a malformed m= line'],
    ['has a section without formats', replaced(/m=audio.*/u, 'm=audio 9 UDP/TLS/RTP/SAVPF'), 'section 1 has a malformed m= line'],
    ['has an empty m= line', replaced(/m=audio.*/u, 'm='), 'section 1 is of kind ""'],
    [
      'has too many payload types',
      replaced(/m=audio.*/u, `m=audio 9 UDP/TLS/RTP/SAVPF ${'1 '.repeat(128)}2`),
      'section 1 has more than 128 payload types',
    ],
    [
      'is plain RTP',
      allReplaced(/UDP\/TLS\/RTP\/SAVPF/gu, 'RTP/AVP'),
      'protocol "RTP/AVP" in the video section is not WebRTC\'s',
    ],
    ['has a data section without DTLS', replaced('UDP/DTLS/SCTP', 'SCTP'), 'protocol "SCTP" in the application section'],
    ['has no ICE user fragment', allReplaced(/a=ice-ufrag.*\r\n/gu, ''), 'no ICE credentials'],
    ['has no ICE password', allReplaced(/a=ice-pwd.*\r\n/gu, ''), 'no ICE credentials'],
    [
      'has too short an ICE user fragment',
      replaced('ice-ufrag:EsAw', 'ice-ufrag:EsA'),
      'a=ice-ufrag in the video section is malformed',
    ],
    [
      'has an ICE user fragment with other characters',
      replaced('ice-ufrag:EsAw', 'ice-ufrag:Es A'),
      'a=ice-ufrag in the video section',
    ],
    ['has too short an ICE password', replaced('bP+XJMM', 'b'), 'a=ice-pwd in the video section is malformed'],
    ['has no fingerprint', allReplaced(/a=fingerprint.*\r\n/gu, ''), 'no DTLS fingerprint (a=fingerprint) in the video section'],
    ['has a broken fingerprint', replaced('sha-256 4A:', 'sha-256 4G:'), 'a=fingerprint in the video section is malformed'],
    ['has a fingerprint of an unknown hash', replaced('sha-256', 'crc-32'), 'a=fingerprint in the video section is malformed'],
    ['holds its connection', allReplaced(/a=setup:actpass/gu, 'a=setup:holdconn'), 'a=setup:holdconn is not taken'],
    ['has an unknown a=setup', replaced('a=setup:actpass', 'a=setup:Active'), 'a=setup:Active is not taken'],
    ['has an empty a=setup', replaced('a=setup:actpass', 'a=setup'), 'a=setup: is not taken'],
    ['differs in a=setup', replaced('a=setup:actpass', 'a=setup:passive'), 'differ in a=setup (passive, actpass)'],
    ['has two a=setup in a section', replaced('a=setup:actpass', 'a=setup:actpass\r\na=setup:active'), 'differ in a=setup'],
    ['has a section without mid', replaced('a=mid:1\r\n', ''), 'no a=mid in the audio section'],
    ['uses a mid twice', replaced('a=mid:1', 'a=mid:0'), 'uses a=mid:0 twice'],
    ['has an empty mid', replaced('a=mid:1', 'a=mid:'), 'a=mid of the offer is malformed'],
    ['has a mid that is too long', replaced('a=mid:1', `a=mid:${'1'.repeat(33)}`), 'a=mid of the offer is malformed'],
    ['names no codec', replaced(/(m=audio[^]*?)a=rtpmap[^]*(?=m=application)/u, '$1'), 'audio section names no codec'],
  ])('refuses an offer that %s', (_what, sdp, detail) => {
    expect(refusal(sdp)).toContain(detail);
  });

  it('does not repeat a hostile value at length', () => {
    expect(refusal(replaced('m=audio', `m=${'x'.repeat(10_000)}`)).length).toBeLessThan(200);
    expect(refusal(replaced('a=setup:actpass', `a=setup:${'x'.repeat(10_000)}`)).length).toBeLessThan(200);
    expect(refusal(allReplaced(/UDP\/TLS\/RTP\/SAVPF/gu, 'y'.repeat(10_000))).length).toBeLessThan(200);
  });

  it('reads or refuses any string as invalid-sdp, and throws nothing else', () => {
    const line = fc.oneof(
      fc.constantFrom(...CHROMIUM.split('\r\n')),
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc
        .tuple(fc.constantFrom('a=', 'm=', 'v=', 'a=mid:', 'a=rtpmap:', 'a=fmtp:', 'm=video '), fc.string())
        .map((parts) => parts.join('')),
    );
    const description = fc.array(line, { maxLength: 20 }).map((lines) => ['v=0', ...lines].join('\r\n'));
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary', maxLength: 100 }), description), (sdp) => {
        const summary = inspected(sdp);
        expect(summary === undefined || summary.media.length > 0 || summary.dataChannel).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('survives any mutation of a good offer: lines left out, doubled, moved or garbled', () => {
    const mutation = fc.record({
      author: fc.constantFrom(...BROWSERS),
      edits: fc.array(
        fc.tuple(
          fc.constantFrom('delete', 'duplicate', 'garble', 'swap', 'truncate'),
          fc.nat(200),
          fc.string({ unit: 'binary', maxLength: 12 }),
        ),
        { minLength: 1, maxLength: 6 },
      ),
    });
    fc.assert(
      fc.property(mutation, ({ author, edits }) => {
        const lines = offerOf(author).split('\r\n');
        for (const [edit, place, text] of edits) {
          const at = place % lines.length;
          const line = lines[at] ?? '';
          if (edit === 'delete') lines.splice(at, 1);
          else if (edit === 'duplicate') lines.splice(at, 0, line);
          else if (edit === 'garble')
            lines[at] = line.slice(0, place % (line.length + 1)) + text + line.slice(place % (line.length + 1));
          else if (edit === 'swap') lines.push(...lines.splice(at, 1));
          else lines[at] = line.slice(0, place % (line.length + 1));
          if (lines.length === 0) lines.push('');
        }
        const summary = inspected(lines.join('\r\n'));
        if (summary === undefined) return;
        const mids = summary.media.map(({ mid }) => mid);
        expect(new Set(mids).size).toBe(mids.length);
        expect(summary.media.every(({ codecs }) => codecs.length > 0)).toBe(true);
        expect(summary.iceCandidates).toBeLessThanOrEqual(LIMITS.maxIceCandidates);
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    ['attributes', `v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n${'a=x:y\r\n'.repeat(140_000)}`],
    ['attribute names', `v=0\r\n${Array.from({ length: 90_000 }, (_, index) => `a=x${index}`).join('\r\n')}`],
    ['codecs', `${CHROMIUM}${'a=rtpmap:96 VP8/90000\r\n'.repeat(40_000)}`],
    ['colons', `v=0\r\na=fingerprint:sha-256 ${'AA:'.repeat(330_000)}!`],
    ['spaces', `v=0\r\nm=video ${' '.repeat(1_000_000)}`],
    ['line ends', 'v=0'.padEnd(1_000_000, '\n')],
    ['carriage returns', 'v=0'.padEnd(1_000_000, '\r')],
  ])('deals with a megabyte of %s, which would take minutes if each character were looked at from each other', (_what, sdp) => {
    const outcome = (): unknown => {
      try {
        return inspectOffer(sdp, { maxSdpBytes: 2 ** 21, maxIceCandidates: 64 });
      } catch (error) {
        return error instanceof Problem ? error : undefined;
      }
    };
    expect(outcome()).toBeDefined();
  });
});
