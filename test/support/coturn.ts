import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Namespace, NamespaceProcess } from './namespace.ts';

export interface CoturnOptions {
  readonly address: string;
  /** Of the relayed media; default `address`. */
  readonly relayAddress?: string;
  readonly secret: string;
}

/** coturn in a namespace, on port 3478 of an address over UDP and TCP, with credentials of a shared secret. Ready when it resolves. */
export async function startCoturn(
  namespace: Namespace,
  { address, relayAddress = address, secret }: CoturnOptions,
): Promise<NamespaceProcess> {
  const coturn = namespace.spawn('turnserver', [
    '-n',
    `--listening-ip=${address}`,
    `--relay-ip=${relayAddress}`,
    '--listening-port=3478',
    '--min-port=49160',
    '--max-port=49199',
    '--use-auth-secret',
    `--static-auth-secret=${secret}`,
    '--realm=telefuser.test',
    '--no-tls',
    '--no-dtls',
    '--no-cli',
    '--no-multicast-peers',
    '--log-file=stdout',
    `--pidfile=${join(tmpdir(), `${namespace.name}.coturn`)}`,
    `--userdb=${join(tmpdir(), `${namespace.name}.turndb`)}`,
    '--verbose',
  ]);
  try {
    await coturn.printed('coturn to listen', /TCP listener opened on/iu);
    return coturn;
  } catch (error) {
    await coturn[Symbol.asyncDispose]();
    throw error;
  }
}
