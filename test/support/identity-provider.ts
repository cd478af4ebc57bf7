import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { exportJWK, exportSPKI, generateKeyPair, type JWK, SignJWT } from 'jose';

interface SigningKey {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
  readonly jwk: JWK;
}

/** What a token is to say that an ordinary one does not. */
export interface TokenOptions {
  /** Instead of, or beside, the ordinary claims; undefined leaves a claim out. */
  readonly claims?: Readonly<Record<string, unknown>>;
  /** Seconds from now; default 60. */
  readonly expiresIn?: number;
  /** Which key signs, by its place in `keys`; default the first. */
  readonly key?: number;
  /** Said in the header instead of the key's own. */
  readonly kid?: string;
}

/** An identity provider: signs tokens, and publishes its public keys over HTTP as an OpenID provider does. */
export class IdentityProvider implements AsyncDisposable {
  static readonly ISSUER = 'https://idp.example';
  static readonly AUDIENCE = 'telefuser-test';
  /** How often its keys were fetched. */
  fetches = 0;
  private published: readonly number[] = [0];
  private readonly server: Server;
  private readonly keys: readonly SigningKey[];

  private constructor(keys: readonly SigningKey[]) {
    this.keys = keys;
    this.server = createServer((_request, response) => {
      this.fetches += 1;
      const set = { keys: this.published.map((index) => this.key(index).jwk) };
      response.setHeader('content-type', 'application/json').setHeader('connection', 'close').end(JSON.stringify(set));
    });
  }

  /** Has three keys, of which it publishes the first. */
  static async start(): Promise<IdentityProvider> {
    const keys = await Promise.all(['first', 'second', 'stray'].map(makeKey));
    const provider = new IdentityProvider(keys);
    await new Promise<void>((resolve) => provider.server.listen(0, '127.0.0.1', resolve));
    return provider;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/keys`;
  }

  /** From now on these keys are published, by their places. */
  publish(...indexes: readonly number[]): void {
    this.published = indexes;
  }

  /** The public key of the first, as anybody may have it (PEM). */
  publicKey(): Promise<string> {
    return exportSPKI(this.key(0).publicKey);
  }

  /** A token of the user `ann` of the tenant `acme` with every scope. */
  token({ claims = {}, expiresIn = 60, key = 0, kid }: TokenOptions = {}): Promise<string> {
    const signing = this.key(key);
    return new SignJWT(this.claims(claims, expiresIn))
      .setProtectedHeader({ alg: 'ES256', kid: kid ?? signing.kid })
      .sign(signing.privateKey);
  }

  /** The claims of `token()`, for who signs them otherwise. */
  claims(claims: Readonly<Record<string, unknown>> = {}, expiresIn = 60): Record<string, unknown> {
    const now = Math.floor(Date.now() / 1000);
    const all = {
      iss: IdentityProvider.ISSUER,
      aud: IdentityProvider.AUDIENCE,
      sub: 'ann',
      tenant: 'acme',
      scope: 'openid stream:create stream:read stream:close',
      iat: now,
      exp: now + expiresIn,
      ...claims,
    };
    return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise((resolve) => this.server.close(resolve));
  }

  private key(index: number): SigningKey {
    const key = this.keys[index];
    if (key === undefined) throw new Error(`there is no key ${index}`);
    return key;
  }
}

async function makeKey(kid: string): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  return { kid, privateKey, publicKey, jwk: { ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig' } };
}
