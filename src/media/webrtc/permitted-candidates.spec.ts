import { describe, expect, it } from 'vitest';
import { withPermittedCandidates } from './permitted-candidates.js';

const candidate = (address: string, { port = '5000', transport = 'udp', type = 'host' } = {}): string =>
  `a=candidate:1 1 ${transport} 2122260223 ${address} ${port} typ ${type} generation 0`;

function kept(...candidates: string[]): string[] {
  const sdp = ['v=0', 'm=video 9 UDP/TLS/RTP/SAVPF 96', ...candidates, 'a=mid:0', ''].join('\r\n');
  const lines = withPermittedCandidates(sdp, (address) => !address.startsWith('169.254.')).split('\r\n');
  expect(lines.filter((line) => !line.startsWith('a=candidate:'))).toEqual([
    'v=0',
    'm=video 9 UDP/TLS/RTP/SAVPF 96',
    'a=mid:0',
    '',
  ]);
  return lines.filter((line) => line.startsWith('a=candidate:'));
}

describe('withPermittedCandidates', () => {
  it('keeps what is permitted, unchanged and in order', () => {
    const all = [
      candidate('192.0.2.1'),
      candidate('2001:db8::1', { type: 'srflx' }),
      candidate('192.0.2.1', { transport: 'UDP' }),
    ];
    expect(kept(...all)).toEqual(all);
  });

  it('drops forbidden addresses, whatever their type', () => {
    expect(kept(candidate('169.254.169.254'), candidate('169.254.169.254', { type: 'relay' }))).toEqual([]);
  });

  it('keeps mDNS names and drops all others', () => {
    const mdns = candidate('0b5d1bb2-8c6a-4b1e-9a3e-1f2d3c4b5a69.local');
    expect(
      kept(mdns, candidate('localhost'), candidate('a.b.local'), candidate('x.local.example.com'), candidate('0x7f.1')),
    ).toEqual([mdns]);
  });

  it('drops ports that cannot be sent to, and TCP', () => {
    expect(
      kept(
        candidate('192.0.2.1', { port: '0' }),
        candidate('192.0.2.1', { port: '65536' }),
        candidate('192.0.2.1', { port: '-1' }),
      ),
    ).toEqual([]);
    expect(kept(candidate('192.0.2.1', { transport: 'tcp' }), 'a=candidate:', 'a=candidate:1 1 udp')).toEqual([]);
  });

  it('reads lines that end in LF alone', () => {
    expect(withPermittedCandidates(`v=0\n${candidate('169.254.0.1')}\na=x\n`, () => false)).toBe('v=0\na=x\n');
  });
});
