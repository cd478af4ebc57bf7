import { isIP } from 'node:net';

/** The name a browser puts in place of a private address (draft-ietf-mmusic-mdns-ice-candidates section 3.1). */
const MDNS_NAME = /^[0-9A-Za-z-]{1,63}\.local$/u;

/** Whether something may be sent to an IP address. */
export type AddressPolicy = (address: string) => boolean;

/**
 * The offer without the candidates that are never probed: of forbidden addresses, of names but for mDNS (a name can lead anywhere, and RFC 8839
 * section 5.1 lets them be ignored), of port 0, and over TCP, whose ends are the client's to connect. Where an mDNS name leads is looked at
 * once it is known. Pure.
 */
export function withPermittedCandidates(sdp: string, permits: AddressPolicy): string {
  return sdp
    .split(/(?<=\n)/u)
    .filter((line) => !line.startsWith('a=candidate:') || isPermitted(line.trimEnd(), permits))
    .join('');
}

function isPermitted(line: string, permits: AddressPolicy): boolean {
  const [, , transport = '', , address = '', port = ''] = line.split(' ');
  if (transport.toLowerCase() !== 'udp' || !/^\d{1,5}$/u.test(port) || Number(port) === 0 || Number(port) > 65_535) return false;
  return isIP(address) === 0 ? MDNS_NAME.test(address) : permits(address);
}
