import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

import { API_KEY_ID, type ApiKeyRecord } from '../config/index.js';
import { CredentialError, NOT_VALID } from './credential.error.js';
import type { Identity } from './identity.js';

/** Marks an API key, so that it is told from a token, and found by scanners for leaked secrets. */
export const API_KEY_PREFIX = 'tfk_';

const KEY = /^tfk_([A-Za-z0-9]{4,32})_[A-Za-z0-9_-]{43}$/u;
const SECRET_BYTES = 32;
const ID_BYTES = 6;
/** Compared with when no key has the id, so that both take the same time. */
const NO_KEY = Buffer.alloc(32);

/** A new key and what is configured of it. */
export interface NewApiKey {
  /** Shown once and kept by its owner. */
  readonly key: string;
  readonly record: ApiKeyRecord;
}

/** Makes a key from 256 random bits: what cannot be guessed needs no slow hash. */
export function makeApiKey(
  options: Pick<ApiKeyRecord, 'tenant' | 'scopes' | 'expiresAtMs'> & { readonly id?: string },
): NewApiKey {
  const { id = randomBytes(ID_BYTES).toString('hex'), ...rest } = options;
  if (!API_KEY_ID.test(id)) throw new Error('The id of a key has 4 to 32 letters and digits.');
  const key = `${API_KEY_PREFIX}${id}_${randomBytes(SECRET_BYTES).toString('base64url')}`;
  return { key, record: { id, sha256: digest(key).toString('hex'), ...rest } };
}

/**
 * Finds whose key it is. Pure.
 *
 * @throws CredentialError
 */
export function verifyApiKey(key: string, records: readonly ApiKeyRecord[], nowMs: number): Identity {
  const id = KEY.exec(key)?.[1];
  if (id === undefined) throw new CredentialError('malformed', NOT_VALID);
  const record = records.find((candidate) => candidate.id === id);
  const isRight = timingSafeEqual(digest(key), record === undefined ? NO_KEY : Buffer.from(record.sha256, 'hex'));
  if (record === undefined || !isRight) throw new CredentialError('unknown', NOT_VALID, id);
  if (record.expiresAtMs !== undefined && record.expiresAtMs <= nowMs) {
    throw new CredentialError('expired', 'The API key has expired.', id);
  }
  return {
    kind: 'api-key',
    name: id,
    tenant: record.tenant,
    subject: undefined,
    tokenId: undefined,
    scopes: new Set(record.scopes),
  };
}

function digest(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}
