import { describe, expect, it } from 'vitest';
import { iceFragment, withIce, withStereo } from './sdp.js';

const lines = (...all: string[]): string => `${all.join('\r\n')}\r\n`;

const OFFER = lines(
  'v=0',
  'a=group:BUNDLE 0 1',
  'm=audio 9 UDP/TLS/RTP/SAVPF 111',
  'a=ice-ufrag:aaaa',
  'a=ice-pwd:aaaaaaaaaaaaaaaaaaaaaa',
  'a=rtpmap:111 opus/48000/2',
  'a=fmtp:111 minptime=10;useinbandfec=1',
  'a=candidate:1 1 udp 1 192.0.2.1 5000 typ host',
  'm=video 9 UDP/TLS/RTP/SAVPF 96',
  'a=ice-ufrag:aaaa',
  'a=ice-pwd:aaaaaaaaaaaaaaaaaaaaaa',
  'a=candidate:1 1 udp 1 192.0.2.1 5000 typ host',
);

describe('withStereo', () => {
  it('asks for two channels, once, whatever the payload type is', () => {
    const stereo = withStereo(OFFER);
    expect(stereo).toContain('a=fmtp:111 minptime=10;useinbandfec=1;stereo=1\r\n');
    expect(withStereo(stereo)).toBe(stereo);
    expect(stereo.replace(';stereo=1', '')).toBe(OFFER);
  });

  it('leaves an offer without Opus alone', () => {
    expect(withStereo('v=0\r\n')).toBe('v=0\r\n');
  });
});

describe('ICE fragments', () => {
  it('have the credentials and each candidate once', () => {
    expect(iceFragment(OFFER)).toBe(
      lines('a=ice-ufrag:aaaa', 'a=ice-pwd:aaaaaaaaaaaaaaaaaaaaaa', 'a=candidate:1 1 udp 1 192.0.2.1 5000 typ host'),
    );
  });

  it('take the place of what an answer had', () => {
    const fragment = lines(
      'a=ice-ufrag:bbbb',
      'a=ice-pwd:b$&b',
      'a=candidate:2 1 udp 2 192.0.2.2 6000 typ host',
      'a=end-of-candidates',
    );
    const answer = withIce(OFFER, fragment) ?? '';
    expect(answer.match(/^a=ice-ufrag:.*$/gm)).toEqual(
      ['a=ice-ufrag:bbbb\r', 'a=ice-ufrag:bbbb\r'].map((line) => line.trimEnd()),
    );
    expect(answer.match(/^a=ice-pwd:[^\r]*/gm)).toEqual(['a=ice-pwd:b$&b', 'a=ice-pwd:b$&b']);
    expect(answer.match(/^a=candidate:[^\r]*/gm)).toEqual(['a=candidate:2 1 udp 2 192.0.2.2 6000 typ host']);
    expect(answer.split('\r\n').filter((line) => !/^a=(?:ice|candidate)/.test(line))).toEqual(
      OFFER.split('\r\n').filter((line) => !/^a=(?:ice|candidate)/.test(line)),
    );
  });

  it('that have no credentials are no use', () => {
    expect(withIce(OFFER, 'a=ice-ufrag:bbbb\r\n')).toBeUndefined();
  });
});
