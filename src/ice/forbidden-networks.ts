import { BlockList, isIP } from 'node:net';

/**
 * Where no viewer is, and where a datagram could do harm: this host and network, loopback excepted (see {@link ForbiddenNetworks}), link-local
 * addresses with the cloud metadata service among them, multicast, broadcast and reserved addresses (RFC 6890, RFC 5771, RFC 4291).
 */
const NEVER = [
  ...['0.0.0.0/8', '169.254.0.0/16', '224.0.0.0/4', '240.0.0.0/4'],
  ...['::/128', 'fe80::/10', 'fec0::/10', 'ff00::/8'],
];
/** Metadata services outside of link-local addresses: Azure, Alibaba, Oracle, Amazon and Google over IPv6. */
const METADATA = ['168.63.129.16', '100.100.100.200', '192.0.0.192', 'fd00:ec2::254', 'fd20:ce::254'];
const LOOPBACK = ['127.0.0.0/8', '::1/128'];

/** An IPv4 address within an IPv6 one that a router or the kernel sends to the former (RFC 6052, RFC 3056, RFC 4291 section 2.5.5.1). */
const EMBEDDED: readonly { readonly prefix: string; readonly at: number }[] = [
  { prefix: '0064ff9b0000000000000000', at: 24 },
  { prefix: '2002', at: 4 },
  { prefix: '000000000000000000000000', at: 24 },
];

/**
 * The addresses to which nothing is sent, whatever a client's offer names: otherwise the offer of a stranger makes the server send to
 * whatever it alone can reach. Loopback is one of them unless the server itself announces a loopback address, as it does for a browser
 * on a machine without a network.
 */
export class ForbiddenNetworks {
  private readonly list = new BlockList();

  /** @param denied further addresses and networks in CIDR notation. */
  constructor(denied: readonly string[], options: { readonly loopback: boolean }) {
    for (const network of [...NEVER, ...METADATA, ...(options.loopback ? [] : LOOPBACK), ...denied]) this.add(network);
  }

  /** Whether nothing may be sent to it. Anything that is no IP address is forbidden too. */
  forbids(address: string): boolean {
    const family = isIP(address);
    if (family === 0) return true;
    if (family === 4) return this.list.check(address, 'ipv4');
    // Covers IPv4-mapped addresses (::ffff:0:0/96) as well.
    if (this.list.check(address, 'ipv6')) return true;
    const embedded = embeddedIPv4(address);
    return embedded !== undefined && this.list.check(embedded, 'ipv4');
  }

  private add(network: string): void {
    const [address = '', prefix] = network.split('/');
    const family = isIP(address) === 4 ? 'ipv4' : 'ipv6';
    if (prefix === undefined) this.list.addAddress(address, family);
    else this.list.addSubnet(address, Number(prefix), family);
  }
}

function embeddedIPv4(address: string): string | undefined {
  const digits = hexDigits(address);
  // The unspecified and the loopback address have the form of an embedded one, and are none.
  if (digits === undefined || /^0{31}[01]$/u.test(digits)) return undefined;
  const found = EMBEDDED.find(({ prefix }) => digits.startsWith(prefix));
  if (found === undefined) return undefined;
  const bytes = Buffer.from(digits.slice(found.at, found.at + 8), 'hex');
  return [...bytes].join('.');
}

/** The 32 hexadecimal digits of an IPv6 address. */
function hexDigits(address: string): string | undefined {
  const [plain = ''] = address.split('%');
  // The URL parser writes every form of an address in the same way.
  const canonical = URL.canParse(`http://[${plain}]`) ? new URL(`http://[${plain}]`).hostname.slice(1, -1) : undefined;
  if (canonical === undefined) return undefined;
  const [head = '', tail] = canonical.split('::');
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':').map((group) => group.padStart(4, '0')));
  const [front, back] = [groups(head), groups(tail ?? '')];
  return [...front, ...Array<string>(8 - front.length - back.length).fill('0000'), ...back].join('');
}
