import { isIP } from 'node:net';

import type { ConfigurationProblem } from './configuration.error.js';
import { IntegerVariable, ListVariable, NumberVariable, TextVariable } from './variable.decorators.js';

const MAX_PATH_CHARACTERS = 4096;

const isPath = (text: string): boolean => text.length > 0 && !text.includes('\0');

/** The HTTP server: who stands before it, how it is encrypted, and how much one client may ask. */
export class HttpConfiguration {
  @TextVariable('TELEFUSER_TLS_CERT', {
    description:
      'File with the certificate of the server and its chain (PEM), for HTTPS without a proxy; read again when it changes.',
    maxLength: MAX_PATH_CHARACTERS,
    allowed: 'the path of a file',
    test: isPath,
  })
  readonly tlsCert?: string;

  @TextVariable('TELEFUSER_TLS_KEY', {
    description: 'File with the private key of the certificate (PEM), without a passphrase; read again when it changes.',
    maxLength: MAX_PATH_CHARACTERS,
    allowed: 'the path of a file',
    test: isPath,
  })
  readonly tlsKey?: string;

  @ListVariable('TELEFUSER_TRUSTED_PROXIES', {
    description:
      'Networks of the proxies whose X-Forwarded-For is believed; the address of a client counts for limits and the audit log.',
    maxItems: 64,
    allowed: 'IP addresses or networks such as "10.0.0.0/8"',
    test: isNetwork,
  })
  readonly trustedProxies: readonly string[] = [];

  @IntegerVariable('TELEFUSER_RATE_LIMIT', {
    description: 'Requests below /v1 that one client, or one address without a client, may make in a minute; 0 is no limit.',
    min: 0,
    max: 1_000_000,
  })
  readonly rateLimit: number = 6_000;

  @NumberVariable('TELEFUSER_REQUEST_TIMEOUT_SECONDS', {
    description: 'Seconds in which a request must have arrived, so that a slow sender cannot keep a connection for ever.',
    min: 1,
    max: 300,
  })
  readonly requestTimeoutSeconds: number = 30;

  @NumberVariable('TELEFUSER_FILE_RELOAD_SECONDS', {
    description: 'Seconds after which files of keys and certificates are looked at again.',
    min: 0.1,
    max: 3_600,
  })
  readonly fileReloadSeconds: number = 10;
}

/** A certificate without its key serves nobody, and a key without its certificate neither. */
export function tlsProblems({ tlsCert, tlsKey }: HttpConfiguration): ConfigurationProblem[] {
  if ((tlsCert === undefined) === (tlsKey === undefined)) return [];
  const [missing, given] =
    tlsCert === undefined ? ['TELEFUSER_TLS_CERT', 'TELEFUSER_TLS_KEY'] : ['TELEFUSER_TLS_KEY', 'TELEFUSER_TLS_CERT'];
  return [{ name: missing, message: `${missing} must be set, because ${given} is set` }];
}

function isNetwork(text: string): boolean {
  const [, address = '', bits] = /^([^/]+)(?:\/(\d{1,3}))?$/u.exec(text) ?? [];
  const version = isIP(address);
  return version !== 0 && (bits === undefined || Number(bits) <= (version === 4 ? 32 : 128));
}
