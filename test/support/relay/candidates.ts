/** Rewriting of the ICE candidates in session descriptions (RFC 8839 section 5.1), so that media takes another way. Pure. */

export interface Address {
  readonly host: string;
  readonly port: number;
}

const CANDIDATE = /^a=candidate:(\S+) (\d+) (\S+) (\d+) (\S+) (\d+) typ (\S+)(.*)$/u;
/** RFC 8445 section 5.1.2.1: type preference of a host candidate, local preference and component at their highest. */
const HOST_PRIORITY = 2_130_706_431;

/** The first IPv4 host candidate over UDP for RTP: where whoever wrote the description listens. Undefined when there is none. */
export function listeningAddress(sdp: string): Address | undefined {
  for (const line of sdp.split(/\r?\n/u)) {
    const [, , component, transport, , host = '', port, type] = CANDIDATE.exec(line) ?? [];
    if (component === '1' && transport?.toLowerCase() === 'udp' && type === 'host' && /^[\d.]+$/u.test(host)) {
      return { host, port: Number(port) };
    }
  }
  return undefined;
}

/**
 * The description with a single candidate in its first media section, which is `address`. The sections must be bundled: the others
 * get none, and need none.
 */
export function withOnlyCandidate(sdp: string, { host, port }: Address): string {
  const ending = sdp.includes('\r\n') ? '\r\n' : '\n';
  const lines = sdp.split(/\r?\n/u).filter((line) => !/^a=(?:candidate:|end-of-candidates)/u.test(line));
  const firstMedia = lines.findIndex((line) => line.startsWith('m='));
  if (firstMedia === -1) throw new Error('the description has no media section');
  const next = lines.findIndex((line, index) => index > firstMedia && line.startsWith('m='));
  const end = next === -1 ? lines.findLastIndex((line) => line !== '') + 1 : next;
  const candidate = `a=candidate:1 1 udp ${HOST_PRIORITY} ${host} ${port} typ host`;
  return lines.toSpliced(end, 0, candidate, 'a=end-of-candidates').join(ending);
}
