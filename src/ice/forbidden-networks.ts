import { BlockList, isIP } from 'node:net';

/**
 * Where no viewer is, and where a datagram could do harm: this host and network, loopback excepted (see {@link ForbiddenNetworks}), link-local
 * addresses with the cloud metadata service among them, multicast, broadcast and reserved addresses (RFC 6890, RFC 5771, RFC 4291).
 */
const NEVER = [
  // Local NAT64 (RFC 8215): only its translator knows which bits are those of an IPv4 address, and no client has an address in it itself.
  '64:ff9b:1::/48',
  ...['0.0.0.0/8', '169.254.0.0/16', '224.0.0.0/4', '240.0.0.0/4'],
  ...['::/128', 'fe80::/10', 'fec0::/10', 'ff00::/8'],
];
/** Metadata services outside of link-local addresses: Azure, Alibaba, Oracle, Amazon and Google over IPv6. */
const METADATA = ['168.63.129.16', '100.100.100.200', '192.0.0.192', 'fd00:ec2::254', 'fd20:ce::254'];
const LOOPBACK = ['127.0.0.0/8', '::1/128'];

/** A form in which an IPv6 address has an IPv4 one in it, by the 32 digits of the former. */
interface Embedding {
  readonly form: RegExp;
  /** Positions of its bytes. */
  readonly at: readonly [number, number, number, number];
  /** Whether every bit is turned round. */
  readonly inverted?: boolean;
}

/** IPv6 addresses of which a router, a relay or the kernel sends what is for them to an IPv4 address. */
const EMBEDDED: readonly Embedding[] = [
  // The well-known prefix of NAT64 (RFC 6052 section 2.1).
  { form: /^0064ff9b0{16}/u, at: [12, 13, 14, 15] },
  // 6to4 (RFC 3056 section 2).
  { form: /^2002/u, at: [2, 3, 4, 5] },
  // Teredo: its server, and its client, which is inverted (RFC 4380 section 4).
  { form: /^20010000/u, at: [4, 5, 6, 7] },
  { form: /^20010000/u, at: [12, 13, 14, 15], inverted: true },
  // ISATAP, whatever the prefix (RFC 5214 section 6.1).
  { form: /^.{16}0[02]005efe/u, at: [12, 13, 14, 15] },
  // IPv4-translated (RFC 2765 section 2.1) and IPv4-compatible (RFC 4291 section 2.5.5.1).
  { form: /^0{16}ffff0000/u, at: [12, 13, 14, 15] },
  { form: /^0{24}/u, at: [12, 13, 14, 15] },
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
    return embeddedIPv4(address).some((embedded) => this.list.check(embedded, 'ipv4'));
  }

  private add(network: string): void {
    const [address = '', prefix] = network.split('/');
    const family = isIP(address) === 4 ? 'ipv4' : 'ipv6';
    if (prefix === undefined) this.list.addAddress(address, family);
    else this.list.addSubnet(address, Number(prefix), family);
  }
}

function embeddedIPv4(address: string): readonly string[] {
  const digits = hexDigits(address);
  // The unspecified and the loopback address have the form of an embedded one, and are none.
  if (digits === undefined || /^0{31}[01]$/u.test(digits)) return [];
  const bytes = Buffer.from(digits, 'hex');
  return EMBEDDED.filter(({ form }) => form.test(digits)).map(({ at, inverted = false }) =>
    at.map((position) => (bytes[position] ?? 0) ^ (inverted ? 0xff : 0)).join('.'),
  );
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
