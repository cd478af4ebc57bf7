import { describe, expect, it } from 'vitest';
import { listeningAddress, withOnlyCandidate } from './candidates.ts';

const SDP = [
  'v=0',
  'a=group:BUNDLE 0 1',
  'm=video 9 UDP/TLS/RTP/SAVPF 96',
  'a=mid:0',
  'a=candidate:1 1 tcp 1518280447 192.0.2.1 9 typ host tcptype active',
  'a=candidate:2 1 udp 2130706431 2001:db8::1 5000 typ host',
  'a=candidate:3 1 udp 2130706431 192.0.2.1 5001 typ host generation 0',
  'a=end-of-candidates',
  'm=audio 9 UDP/TLS/RTP/SAVPF 111',
  'a=mid:1',
  'a=candidate:3 1 udp 2130706431 192.0.2.1 5001 typ host',
  '',
].join('\r\n');

describe('candidates of a description', () => {
  it('finds where its writer listens', () => {
    expect(listeningAddress(SDP)).toEqual({ host: '192.0.2.1', port: 5001 });
    expect(listeningAddress('v=0\r\n')).toBeUndefined();
  });

  it('puts one candidate in the place of all', () => {
    const rewritten = withOnlyCandidate(SDP, { host: '198.51.100.7', port: 9000 });
    expect(rewritten.match(/^a=candidate:.*$/gmu)).toEqual(['a=candidate:1 1 udp 2130706431 198.51.100.7 9000 typ host']);
    expect(listeningAddress(rewritten)).toEqual({ host: '198.51.100.7', port: 9000 });
    const lines = rewritten.split('\r\n');
    expect(lines.indexOf('a=end-of-candidates')).toBeLessThan(lines.indexOf('m=audio 9 UDP/TLS/RTP/SAVPF 111'));
    expect(rewritten.endsWith('\r\n')).toBe(true);
  });

  it('puts it at the end of the only section', () => {
    const [single = ''] = SDP.split('m=audio');
    expect(withOnlyCandidate(single, { host: '198.51.100.7', port: 9000 })).toMatch(/9000 typ host\r\na=end-of-candidates\r\n$/u);
  });

  it('refuses a description without media', () => {
    expect(() => withOnlyCandidate('v=0\r\n', { host: '198.51.100.7', port: 9000 })).toThrow('no media section');
  });
});
