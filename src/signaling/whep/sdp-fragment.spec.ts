import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Problem } from '../../common/index.js';
import { readSdpFragment, writeSdpFragment } from './sdp-fragment.js';

const LIMITS = { maxSdpBytes: 4096, maxIceCandidates: 3 };
const UFRAG = 'a=ice-ufrag:EsAw';
const PWD = 'a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1';
const CANDIDATE = 'candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host generation 0 ufrag EsAw network-id 1';
const ACTIVE = 'candidate:473322822 1 tcp 1518280447 192.0.2.1 9 typ host tcptype active generation 0';
const CREDENTIALS = { usernameFragment: 'EsAw', password: 'P2uYro0UCOQ4zxjKXaWCBui1' };

function lines(...all: readonly string[]): string {
  return `${all.join('\r\n')}\r\n`;
}

function refusal(fragment: string): string {
  try {
    readSdpFragment(fragment, LIMITS);
  } catch (error) {
    if (error instanceof Problem && error.code === 'invalid-sdp-fragment') return error.detail;
    throw error;
  }
  throw new Error('the fragment was taken');
}

describe('readSdpFragment', () => {
  it.each([
    ['in a section', ['a=group:BUNDLE 0 1', 'm=audio 9 UDP/TLS/RTP/SAVPF 111', 'a=mid:0', UFRAG, PWD]],
    ['for the whole', [UFRAG, PWD, 'm=audio 9 UDP/TLS/RTP/SAVPF 0', 'a=mid:0']],
    ['in each section alike', ['m=audio 9 RTP/AVP 0', UFRAG, PWD, 'm=video 9 RTP/AVP 0', UFRAG, PWD]],
  ])('takes credentials that are %s, and all candidates', (_where, head) => {
    const fragment = lines(...head, `a=${CANDIDATE}`, `a=${ACTIVE}`, 'a=end-of-candidates');
    expect(readSdpFragment(fragment, LIMITS)).toEqual({ ...CREDENTIALS, candidates: [CANDIDATE, ACTIVE] });
  });

  it('takes one without sections and candidates, and lines that end in LF', () => {
    expect(readSdpFragment(`${UFRAG}\n${PWD}\n`, LIMITS)).toEqual({ ...CREDENTIALS, candidates: [] });
  });

  it.each([
    ['nothing', '', 'no ICE credentials'],
    ['what is no SDP', 'hello', 'line 1'],
    ['a carriage return within a line', `${UFRAG}\r${PWD}\r\n`, 'line 1'],
    ['no password', lines(UFRAG), 'no ICE credentials'],
    ['a short password', lines(UFRAG, 'a=ice-pwd:short'), 'a=ice-pwd'],
    ['a malformed user fragment', lines('a=ice-ufrag:a b c', PWD), 'a=ice-ufrag'],
    ['credentials that differ', lines(UFRAG, PWD, 'm=video 9 RTP/AVP 0', 'a=ice-ufrag:Other'), 'differ'],
    ['a malformed candidate', lines(UFRAG, PWD, 'a=candidate:1 1 udp x y z'), 'number 1'],
    ['too many candidates', lines(UFRAG, PWD, ...Array<string>(4).fill(`a=${CANDIDATE}`)), 'at most 3'],
    ['too many bytes', lines(UFRAG, PWD, `a=x:${'x'.repeat(4096)}`), 'at most 4096'],
  ])('refuses %s', (_what, fragment, detail) => {
    expect(refusal(fragment)).toContain(detail);
  });

  it('takes any text or refuses it with its problem', () => {
    const line = fc.oneof(fc.constantFrom(UFRAG, PWD, `a=${CANDIDATE}`, 'm=', 'a=ice-pwd:', 'a=candidate:'), fc.string());
    fc.assert(
      fc.property(fc.array(line), fc.constantFrom('\r\n', '\n', '\r'), (all, end) => {
        try {
          readSdpFragment(all.join(end), LIMITS);
        } catch (error) {
          expect(error).toMatchObject({ code: 'invalid-sdp-fragment' });
        }
      }),
    );
  });
});

describe('writeSdpFragment', () => {
  const ANSWER = lines(
    ...['v=0', 'o=- 1 0 IN IP4 0.0.0.0', 's=-', 't=0 0', 'a=group:BUNDLE 0 1', 'a=ice-options:trickle'],
    ...['m=audio 9 UDP/TLS/RTP/SAVPF 111', 'a=mid:0', 'a=ice-ufrag:old1', 'a=ice-pwd:oldoldoldoldoldoldoldo', 'a=setup:passive'],
    ...['m=video 9 UDP/TLS/RTP/SAVPF 96', 'a=mid:1'],
  );

  it('has the group, the options and the first section, with the new credentials and candidates', () => {
    expect(writeSdpFragment(ANSWER, { ...CREDENTIALS, candidates: [CANDIDATE] })).toBe(
      lines(
        ...['a=group:BUNDLE 0 1', 'a=ice-options:trickle', 'm=audio 9 UDP/TLS/RTP/SAVPF 111', 'a=mid:0', UFRAG, PWD],
        ...[`a=${CANDIDATE}`, 'a=end-of-candidates'],
      ),
    );
  });

  it('is read as what it was written from', () => {
    const written = writeSdpFragment(ANSWER, { ...CREDENTIALS, candidates: [CANDIDATE, ACTIVE] });
    expect(readSdpFragment(written, LIMITS)).toEqual({ ...CREDENTIALS, candidates: [CANDIDATE, ACTIVE] });
  });
});
