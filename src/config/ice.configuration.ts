import { isIP } from 'node:net';

import type { ConfigurationProblem } from './configuration.error.js';
import {
  ChoiceVariable,
  IntegerVariable,
  ListVariable,
  NumberVariable,
  PortRangeVariable,
  TextVariable,
} from './variable.decorators.js';

/** Which candidates may carry media (W3C WebRTC section 4.2.3). */
export const ICE_TRANSPORT_POLICIES = ['all', 'relay'] as const;
export type IceTransportPolicy = (typeof ICE_TRANSPORT_POLICIES)[number];

/** What becomes of the addresses of the machine's interfaces where others are configured. */
export const HOST_ADDRESS_MODES = ['add', 'replace'] as const;
export type HostAddressMode = (typeof HOST_ADDRESS_MODES)[number];

/** Ports, both ends included. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

const STUN_URL = /^stuns?:[^\s/?#@]{1,255}$/u;
const TURN_URL = /^turns?:[^\s/?#@]{1,255}(\?transport=(udp|tcp))?$/u;
/** What a credential made from it is worth is bounded by its length: 128 bits of a random secret in hexadecimal have 32 characters. */
const MIN_SECRET_CHARACTERS = 16;

function isNetwork(text: string): boolean {
  const [, address = '', prefix] = /^([0-9A-Fa-f.:]+)(?:\/(\d{1,3}))?$/u.exec(text) ?? [];
  const family = isIP(address);
  return family !== 0 && Number(prefix ?? 0) <= (family === 4 ? 32 : 128);
}

/** How the server and its viewers find a path to each other (RFC 8445). */
export class IceConfiguration {
  @ListVariable('TELEFUSER_STUN_SERVERS', {
    description: 'STUN servers that tell the server its own public address; a server with a public address needs none.',
    maxItems: 8,
    allowed: 'URLs that begin with stun: or stuns:',
    test: (url) => STUN_URL.test(url),
  })
  readonly stunServers: readonly string[] = [];

  @TextVariable('TELEFUSER_TURN_SERVER', {
    description: 'TURN server that relays media when no direct path exists; set its username and credential with it.',
    maxLength: 300,
    allowed: 'a URL that begins with turn: or turns:',
    test: (url) => TURN_URL.test(url),
  })
  readonly turnServer?: string;

  @ListVariable('TELEFUSER_TURN_SERVERS', {
    description: 'Further TURN servers; clients are told of all, the server itself uses the first there is.',
    maxItems: 8,
    allowed: 'URLs that begin with turn: or turns:',
    test: (url) => TURN_URL.test(url),
  })
  readonly turnServers: readonly string[] = [];

  @TextVariable('TELEFUSER_TURN_USERNAME', {
    description: 'Username for the TURN server.',
    maxLength: 512,
    allowed: 'a text of at most 512 characters',
    test: () => true,
  })
  readonly turnUsername?: string;

  @TextVariable('TELEFUSER_TURN_CREDENTIAL', {
    description: 'Password for the TURN server.',
    maxLength: 512,
    allowed: 'a text of at most 512 characters',
    test: () => true,
    secret: true,
  })
  readonly turnCredential?: string;

  @TextVariable('TELEFUSER_TURN_SECRET', {
    description:
      'Secret shared with the TURN servers (static-auth-secret of coturn), from which credentials are minted for those that have none of their own.',
    maxLength: 512,
    allowed: `a text of ${MIN_SECRET_CHARACTERS} to 512 characters`,
    test: (text) => text.length >= MIN_SECRET_CHARACTERS,
    secret: true,
  })
  readonly turnSecret?: string;

  @IntegerVariable('TELEFUSER_TURN_TTL_SECONDS', {
    description: 'Seconds that a minted TURN credential is good for; longer than a session lasts.',
    min: 30,
    max: 604_800,
  })
  readonly turnTtlSeconds: number = 86_400;

  @ChoiceVariable('TELEFUSER_ICE_TRANSPORT_POLICY', {
    description: 'Which paths media may take: any, or only through TURN; clients are told the same.',
    choices: ICE_TRANSPORT_POLICIES,
  })
  readonly transportPolicy: IceTransportPolicy = 'all';

  @NumberVariable('TELEFUSER_ICE_GATHER_TIMEOUT_SECONDS', {
    description: 'Seconds that an answer waits for ICE candidates; it is sent with those that were found.',
    min: 0.1,
    max: 30,
  })
  readonly gatherTimeoutSeconds: number = 2;

  @ListVariable('TELEFUSER_ICE_HOST_ADDRESSES', {
    description: 'Further addresses to announce as host candidates, for example the public one of a one-to-one NAT.',
    maxItems: 8,
    allowed: 'IP addresses',
    test: (address) => isIP(address) !== 0,
  })
  readonly hostAddresses: readonly string[] = [];

  @ChoiceVariable('TELEFUSER_ICE_HOST_ADDRESS_MODE', {
    description: "Whether TELEFUSER_ICE_HOST_ADDRESSES are announced beside the interfaces' own addresses, or instead of them.",
    choices: HOST_ADDRESS_MODES,
  })
  readonly hostAddressMode: HostAddressMode = 'add';

  @PortRangeVariable('TELEFUSER_ICE_UDP_PORTS', {
    description: 'UDP ports that media may use; without it the system chooses. A session takes one for each announced address.',
  })
  readonly udpPorts?: PortRange;

  @IntegerVariable('TELEFUSER_ICE_TCP_PORT', {
    description: 'TCP port on which clients whose network takes no UDP connect for media; 0 is none, and they need TURN.',
    min: 0,
    max: 65_535,
  })
  readonly tcpPort: number = 0;

  @ListVariable('TELEFUSER_ICE_DENIED_NETWORKS', {
    description: 'Networks to which nothing is sent, whatever a client offers, beside those that are never sent to.',
    maxItems: 64,
    allowed: 'IP addresses or networks such as 10.0.0.0/8',
    test: isNetwork,
  })
  readonly deniedNetworks: readonly string[] = [];
}

/** The TURN variables that must be set because others are, and what relay-only and replaced addresses need. */
export function inconsistentIce(ice: IceConfiguration): ConfigurationProblem[] {
  const problems = incompleteTurn(ice);
  const hasTurn = ice.turnServer !== undefined || ice.turnServers.length > 0;
  if (ice.transportPolicy === 'relay' && !hasTurn) {
    problems.push(missing('TELEFUSER_TURN_SERVERS', 'TELEFUSER_ICE_TRANSPORT_POLICY is relay'));
  }
  if (ice.hostAddressMode === 'replace' && ice.hostAddresses.length === 0) {
    problems.push(missing('TELEFUSER_ICE_HOST_ADDRESSES', 'TELEFUSER_ICE_HOST_ADDRESS_MODE is replace'));
  }
  return problems;
}

/** A TURN server without credentials refuses every allocation, and credentials without a server are a forgotten server. */
function incompleteTurn(ice: IceConfiguration): ConfigurationProblem[] {
  const { turnServer, turnServers, turnUsername, turnCredential, turnSecret } = ice;
  const credentials: readonly (readonly [string, string | undefined])[] = [
    ['TELEFUSER_TURN_USERNAME', turnUsername],
    ['TELEFUSER_TURN_CREDENTIAL', turnCredential],
  ];
  const given = credentials.filter(([, value]) => value !== undefined).map(([name]) => name);
  const [server] = [
    ...(turnServer === undefined ? [] : ['TELEFUSER_TURN_SERVER']),
    ...(turnServers.length === 0 ? [] : ['TELEFUSER_TURN_SERVERS']),
  ];
  if (server === undefined) {
    const needed = given.length > 0 ? 'TELEFUSER_TURN_SERVER' : 'TELEFUSER_TURN_SERVERS';
    const reasons = [...given, ...(turnSecret === undefined ? [] : ['TELEFUSER_TURN_SECRET'])];
    return reasons.length === 0 ? [] : [missing(needed, areSet(reasons))];
  }
  if (turnSecret !== undefined && given.length === 0) return [];
  return credentials
    .filter(([, value]) => value === undefined)
    .map(([name]) => missing(name, areSet([...given, server]), given.length === 0 ? ' (or TELEFUSER_TURN_SECRET)' : ''));
}

function areSet(names: readonly string[]): string {
  return `${names.join(' and ')} ${names.length === 1 ? 'is' : 'are'} set`;
}

function missing(name: string, because: string, alternative = ''): ConfigurationProblem {
  return { name, message: `${name}${alternative} must be set, because ${because}` };
}
