import { isIP } from 'node:net';

import { ListVariable, NumberVariable, TextVariable } from './variable.decorators.js';

const STUN_URL = /^stuns?:[^\s/?#@]{1,255}$/u;
const TURN_URL = /^turns?:[^\s/?#@]{1,255}(\?transport=(udp|tcp))?$/u;

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
}
