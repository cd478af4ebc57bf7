import { createHash, randomBytes, randomUUID } from 'node:crypto';

import { Injectable } from '@nestjs/common';
import { errors, jwtVerify, SignJWT, type JWTPayload } from 'jose';

import { Problem } from '../common/index.js';
import { Configuration, type Scope } from '../config/index.js';
import { CredentialError, NOT_VALID } from './credential.error.js';
import type { Identity } from './identity.js';

/** Marks a stream token, so that it is told from a token of the identity provider. */
export const STREAM_TOKEN_PREFIX = 'tfs_';

const TYPE = 'telefuser-stream+jwt';
const ALGORITHM = 'HS256';
const ISSUER = 'telefuser-stream';
/** Spent tokens that are remembered until they expire by themselves. */
const MAX_SPENT = 100_000;
const OPENS: ReadonlySet<Scope> = new Set<Scope>(['stream:create', 'stream:read', 'stream:close']);
const OWNS: ReadonlySet<Scope> = new Set<Scope>(['stream:read', 'stream:close']);

/** A token that was made. */
export interface StreamToken {
  readonly id: string;
  readonly token: string;
  readonly expiresAtMs: number;
}

/**
 * Short-lived tokens that open one session each, for browsers, which cannot keep an API key secret. A token acts for whoever had it made. Until
 * it expires it may open its session, once; that session it may read and close for as long as the session lives. Which tokens were used
 * is known to this process only.
 */
@Injectable()
export class StreamTokens {
  private readonly key: Uint8Array;
  private readonly longestLifeMs: number;
  /** When each spent token has certainly expired, milliseconds since 1970, by its id; in the order in which they were spent. */
  private readonly spent = new Map<string, number>();

  constructor({ auth }: Configuration) {
    this.longestLifeMs = auth.streamTokenMaxSeconds * 1000;
    const secret = auth.streamTokenSecret ?? randomBytes(32);
    // A text of any length becomes a key of the length that HS256 wants (RFC 7518, section 3.2).
    this.key = createHash('sha256').update('telefuser stream tokens\0').update(secret).digest();
  }

  /** Makes a token that acts for `minter` and may open its session within `lifetimeSeconds`. */
  async mint(minter: Identity, lifetimeSeconds: number, nowMs = Date.now()): Promise<StreamToken> {
    const id = randomUUID();
    const issuedAt = Math.floor(nowMs / 1000);
    const claims = { ten: minter.tenant, ...(minter.subject === undefined ? {} : { sub: minter.subject }) };
    const token = await new SignJWT(claims)
      .setProtectedHeader({ alg: ALGORITHM, typ: TYPE })
      .setJti(id)
      .setIssuer(ISSUER)
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + lifetimeSeconds)
      .sign(this.key);
    return { id, token: `${STREAM_TOKEN_PREFIX}${token}`, expiresAtMs: (issuedAt + lifetimeSeconds) * 1000 };
  }

  /**
   * Says for whom a token acts. One that has expired may still read and close: which session it opened, the session knows.
   *
   * @throws CredentialError
   */
  async verify(credential: string, nowMs = Date.now()): Promise<Identity> {
    const options = {
      algorithms: [ALGORITHM],
      typ: TYPE,
      issuer: ISSUER,
      requiredClaims: ['exp', 'jti'],
      currentDate: new Date(nowMs),
    };
    try {
      const { payload } = await jwtVerify(credential.slice(STREAM_TOKEN_PREFIX.length), this.key, options);
      return identityOf(payload, OPENS);
    } catch (error) {
      if (error instanceof errors.JWTExpired) return identityOf(error.payload, OWNS);
      if (error instanceof CredentialError) throw error;
      const fault = error instanceof errors.JWSSignatureVerificationFailed ? 'wrong-signature' : 'malformed';
      throw new CredentialError(fault, NOT_VALID);
    }
  }

  /**
   * Spends the token of an identity for a session that is being opened; an identity without one may open as many as it likes. Call what it
   * returns if the session was not opened.
   *
   * @throws Problem `token-used`
   */
  spend({ tokenId }: Identity, nowMs = Date.now()): () => void {
    if (tokenId === undefined) return () => undefined;
    if (this.spent.has(tokenId)) {
      throw new Problem('token-used', 'This token has opened its session already. Have another one made.');
    }
    this.forgetExpired(nowMs);
    if (this.spent.size >= MAX_SPENT)
      throw new Problem('rate-limited', 'Too many tokens were used lately. Try again in a minute.');
    this.spent.set(tokenId, nowMs + this.longestLifeMs);
    return () => this.spent.delete(tokenId);
  }

  private forgetExpired(nowMs: number): void {
    for (const [id, expiresAtMs] of this.spent) {
      if (expiresAtMs > nowMs) return;
      this.spent.delete(id);
    }
  }
}

function identityOf({ jti, ten, sub }: JWTPayload, scopes: ReadonlySet<Scope>): Identity {
  if (typeof jti !== 'string' || typeof ten !== 'string') throw new CredentialError('malformed', NOT_VALID);
  return { kind: 'stream-token', name: jti, tenant: ten, subject: sub, tokenId: jti, scopes };
}
