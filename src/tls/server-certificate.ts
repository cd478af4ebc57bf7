import { createSecureContext, Server } from 'node:tls';

import { ReloadedFile } from '../common/index.js';
import { type Configuration, ConfigurationError } from '../config/index.js';

/** A certificate with its chain, and its private key (PEM). */
export interface CertificatePair {
  readonly cert: string;
  readonly key: string;
}

/**
 * The certificate of the server, followed through its files. New connections get the new one; those that are open keep theirs, since setting
 * the context of a server leaves them alone.
 */
export class ServerCertificate {
  private server: Server | undefined;
  private file: ReloadedFile<CertificatePair> | undefined;

  /**
   * Reads the files; undefined where none are configured.
   *
   * @throws ConfigurationError when they cannot be used, with what to do
   */
  static async open({ http }: Configuration): Promise<ServerCertificate | undefined> {
    const { tlsCert, tlsKey, fileReloadSeconds } = http;
    if (tlsCert === undefined || tlsKey === undefined) return undefined;
    const certificate = new ServerCertificate();
    try {
      certificate.file = await ReloadedFile.open({
        paths: [tlsCert, tlsKey],
        intervalMs: fileReloadSeconds * 1000,
        parse: ([cert = '', key = '']) => checked({ cert, key }),
        changed: (pair) => certificate.server?.setSecureContext(pair),
      });
    } catch (error) {
      const message = `TELEFUSER_TLS_CERT and TELEFUSER_TLS_KEY must be a certificate and its private key in PEM: ${(error as Error).message}`;
      throw new ConfigurationError([{ name: 'TELEFUSER_TLS_CERT', message }]);
    }
    return certificate;
  }

  /** As it is now. */
  get pair(): CertificatePair {
    if (this.file === undefined) throw new Error('the certificate was not read');
    return this.file.value;
  }

  /** Gives every later certificate to a server that was made with `pair`. Throws if that is no TLS server. */
  follow(server: unknown): void {
    if (!(server instanceof Server)) throw new TypeError('only a TLS server has a certificate');
    this.server = server;
    // It may have changed since the server was made.
    server.setSecureContext(this.pair);
  }

  /** Looks at the files no more. Idempotent. */
  close(): void {
    this.file?.close();
  }
}

function checked(pair: CertificatePair): CertificatePair {
  try {
    createSecureContext(pair);
  } catch (error) {
    throw new Error(`they do not fit together or are damaged (${(error as NodeJS.ErrnoException).code ?? 'no PEM'})`, {
      cause: error,
    });
  }
  return pair;
}
