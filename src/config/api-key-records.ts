/** What a client may be allowed to do. */
export const SCOPES = ['stream:create', 'stream:read', 'stream:close'] as const;
export type Scope = (typeof SCOPES)[number];

/** One API key as it is configured: everything but the key itself. */
export interface ApiKeyRecord {
  /** Part of the key, so that it can be found and named without being told. */
  readonly id: string;
  /** SHA-256 of the whole key, 64 hexadecimal digits. The key has 256 random bits, so that no slow hash is needed. */
  readonly sha256: string;
  readonly tenant: string;
  readonly scopes: readonly Scope[];
  /** Milliseconds since 1970; undefined: never. */
  readonly expiresAtMs: number | undefined;
}

/** Ids have no underscore, because it ends them in a key. */
export const API_KEY_ID = /^[A-Za-z0-9]{4,32}$/u;
/** A tenant's name: printable ASCII without spaces, so that it can stand in a log line and a header. */
export const TENANT = /^[\u0021-\u007e]{1,128}$/u;

const SHA256_HEX = /^[0-9a-f]{64}$/iu;
const FIELDS: ReadonlySet<string> = new Set(['id', 'sha256', 'tenant', 'scopes', 'expires']);
const MAX_RECORDS = 1_000;
const MAX_SHOWN_CHARACTERS = 40;

/**
 * Reads the JSON array that `TELEFUSER_API_KEYS` and its file hold. Pure.
 *
 * @throws Error that says which entry is wrong and what it must be, in words that follow "must be"; never with a hash in it.
 */
export function parseApiKeyRecords(text: string): readonly ApiKeyRecord[] {
  const entries = parseArray(text);
  if (entries.length > MAX_RECORDS) throw new Error(`at most ${MAX_RECORDS} keys, and has ${entries.length}`);
  const records = entries.map((entry, index) => parseRecord(entry, index + 1));
  const ids = new Set<string>();
  for (const { id } of records) {
    if (ids.has(id)) throw new Error(`keys with ids of their own: "${id}" is there twice`);
    ids.add(id);
  }
  return records;
}

function parseArray(text: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(text);
    if (Array.isArray(value)) return value as unknown[];
  } catch {
    // Said below; the parser's own message may repeat what it read.
  }
  throw new Error('a JSON array of the records that "telefuser api-key" prints');
}

function parseRecord(entry: unknown, position: number): ApiKeyRecord {
  const wrong = (what: string): Error => new Error(`an array of key records, and in entry ${position} ${what}`);
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) throw wrong('there is no object');
  const { id, sha256, tenant, scopes, expires } = entry as Readonly<Record<string, unknown>>;
  const unknown = Object.keys(entry).find((field) => !FIELDS.has(field));
  if (unknown !== undefined) throw wrong(`"${unknown.slice(0, MAX_SHOWN_CHARACTERS)}" is no field of a record`);
  if (typeof id !== 'string' || !API_KEY_ID.test(id)) throw wrong('id must be 4 to 32 letters and digits');
  if (typeof sha256 !== 'string' || !SHA256_HEX.test(sha256)) throw wrong('sha256 must be 64 hexadecimal digits');
  if (typeof tenant !== 'string' || !TENANT.test(tenant))
    throw wrong('tenant must be 1 to 128 printable characters without spaces');
  if (!Array.isArray(scopes) || scopes.length === 0 || !scopes.every(isScope)) {
    throw wrong(`scopes must be one or more of ${SCOPES.join(', ')}`);
  }
  const expiresAtMs = expires === undefined ? undefined : parseInstant(expires);
  if (Number.isNaN(expiresAtMs)) throw wrong('expires must be an instant such as "2027-01-31T00:00:00Z"');
  return { id, sha256: sha256.toLowerCase(), tenant, scopes, expiresAtMs };
}

/** Milliseconds since 1970, or NaN. The time zone must be said: without, it would be that of the machine. */
export function parseInstant(value: unknown): number {
  if (typeof value !== 'string' || !/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/u.test(value))
    return Number.NaN;
  return Date.parse(value);
}

/** Whether a value is the name of a scope. */
export function isScope(value: unknown): value is Scope {
  return (SCOPES as readonly unknown[]).includes(value);
}
