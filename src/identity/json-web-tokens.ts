import {
  createLocalJWKSet,
  createRemoteJWKSet,
  errors,
  type JSONWebKeySet,
  jwtVerify,
  type JWTPayload,
  type JWTVerifyGetKey,
} from 'jose';

import { Problem, ReloadedFile } from '../common/index.js';
import { ConfigurationError, type Configuration, isScope, type Scope, TENANT } from '../config/index.js';
import { CredentialError, NOT_VALID } from './credential.error.js';
import type { Identity } from './identity.js';

const FETCH_TIMEOUT_MS = 5_000;
const MAX_SUBJECT_CHARACTERS = 256;

type AuthConfiguration = Configuration['auth'];

/** Where the public keys come from. */
export interface KeySource {
  readonly keys: JWTVerifyGetKey;
  close(): void;
}

/**
 * The keys at `TELEFUSER_JWKS_URL` or in `TELEFUSER_JWKS_FILE`; undefined where neither is set.
 *
 * @throws ConfigurationError when the file cannot be used.
 */
export async function openKeySource(auth: AuthConfiguration, reloadMs: number): Promise<KeySource | undefined> {
  if (auth.jwksUrl !== undefined) {
    // Fetched when the first token comes; kept for the cache's time, and fetched again for an unknown key, but no sooner than the cool-down says.
    const keys = createRemoteJWKSet(new URL(auth.jwksUrl), {
      timeoutDuration: FETCH_TIMEOUT_MS,
      cooldownDuration: auth.jwksCooldownSeconds * 1000,
      cacheMaxAge: auth.jwksCacheSeconds * 1000,
    });
    return { keys, close: () => undefined };
  }
  if (auth.jwksFile === undefined) return undefined;
  try {
    const file = await ReloadedFile.open({
      paths: [auth.jwksFile],
      intervalMs: reloadMs,
      parse: ([text = '']) => createLocalJWKSet(parseKeySet(text)),
    });
    return { keys: (header, token) => file.value(header, token), close: () => file.close() };
  } catch (error) {
    const message = `TELEFUSER_JWKS_FILE must be a file with a JSON Web Key Set: ${(error as Error).message}`;
    throw new ConfigurationError([{ name: 'TELEFUSER_JWKS_FILE', message }]);
  }
}

function parseKeySet(text: string): JSONWebKeySet {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error('it is no JSON');
  }
  return value as JSONWebKeySet;
}

/** What a token must say. */
export type TokenRules = Pick<
  AuthConfiguration,
  'jwtIssuer' | 'jwtAudience' | 'jwtAlgorithms' | 'jwtClockSkewSeconds' | 'jwtTenantClaim'
>;

/**
 * Verifies a JSON Web Token (RFC 7519) and says whose it is. It needs `exp`, `sub`, the issuer, the audience and the tenant's claim; its scopes
 * are in `scope` (RFC 8693, section 4.2) or `scp`.
 *
 * @throws CredentialError, or the problem `identity-unavailable` when the keys cannot be had.
 */
export async function verifyJsonWebToken(token: string, keys: JWTVerifyGetKey, rules: TokenRules): Promise<Identity> {
  let payload: JWTPayload;
  try {
    ({ payload } = await jwtVerify(token, keys, {
      algorithms: [...rules.jwtAlgorithms],
      audience: [...rules.jwtAudience],
      clockTolerance: rules.jwtClockSkewSeconds,
      requiredClaims: ['exp', 'sub'],
      ...(rules.jwtIssuer === undefined ? {} : { issuer: rules.jwtIssuer }),
    }));
  } catch (error) {
    throw refusalOf(error);
  }
  return identityOf(payload, rules.jwtTenantClaim);
}

function identityOf(payload: JWTPayload, tenantClaim: string): Identity {
  const { sub } = payload;
  const tenant = payload[tenantClaim];
  if (typeof sub !== 'string' || sub === '' || sub.length > MAX_SUBJECT_CHARACTERS) {
    throw new CredentialError('bad-claim', `The claim sub of the token must have 1 to ${MAX_SUBJECT_CHARACTERS} characters.`);
  }
  if (typeof tenant !== 'string' || !TENANT.test(tenant)) {
    throw new CredentialError('bad-claim', `The claim ${tenantClaim} of the token must name a tenant.`, sub);
  }
  return { kind: 'jwt', name: sub, tenant, subject: sub, tokenId: undefined, scopes: scopesOf(payload) };
}

/** Scopes that are not ours are those of other services. */
function scopesOf({ scope, scp }: JWTPayload): ReadonlySet<Scope> {
  const claim = scope ?? scp;
  const words: unknown[] = typeof claim === 'string' ? claim.split(' ') : Array.isArray(claim) ? claim : [];
  return new Set(words.filter(isScope));
}

/** What the library found, in our words. What is said of a token's claims is said only when its signature was right. */
function refusalOf(error: unknown): Error {
  if (error instanceof errors.JWTExpired) return new CredentialError('expired', 'The token has expired.', subjectOf(error));
  if (error instanceof errors.JWTClaimValidationFailed) return claimRefusal(error);
  if (error instanceof errors.JOSEAlgNotAllowed) return new CredentialError('wrong-algorithm', NOT_VALID);
  if (error instanceof errors.JWSSignatureVerificationFailed) return new CredentialError('wrong-signature', NOT_VALID);
  if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys) {
    return new CredentialError('unknown-signing-key', NOT_VALID);
  }
  if (error instanceof errors.JWSInvalid || error instanceof errors.JWTInvalid || error instanceof errors.JOSENotSupported) {
    return new CredentialError('malformed', NOT_VALID);
  }
  // What is left is the way to the keys: no answer in time, an answer other than 200, no key set, no connection.
  return new Problem('identity-unavailable', 'The keys of the identity provider cannot be fetched now.', { cause: error });
}

function claimRefusal(error: errors.JWTClaimValidationFailed): CredentialError {
  const subject = subjectOf(error);
  switch (error.claim) {
    case 'aud':
      return new CredentialError('wrong-audience', 'The token is not meant for this server: its aud is another.', subject);
    case 'iss':
      return new CredentialError('wrong-issuer', 'The token has another issuer.', subject);
    case 'nbf':
      return new CredentialError('not-yet-valid', 'The token is not valid yet.', subject);
    default:
      return new CredentialError('bad-claim', `The claim ${error.claim} of the token is missing or wrong.`, subject);
  }
}

function subjectOf({ payload }: { readonly payload: JWTPayload }): string | undefined {
  return typeof payload.sub === 'string' ? payload.sub : undefined;
}
