import type { Scope } from '../config/index.js';

/** Who a session belongs to. */
export interface Owner {
  readonly tenant: string;
  /** The user within the tenant; undefined: the tenant's own API keys, which are one owner, so that keys can be rotated. */
  readonly subject: string | undefined;
  /** Id of the stream token that opened the session. */
  readonly tokenId: string | undefined;
}

/** Whoever makes a request, once the credential was checked. */
export interface Identity extends Owner {
  readonly kind: 'anonymous' | 'api-key' | 'jwt' | 'stream-token';
  /** How it is named in the audit log and counted: the id of the key or the token, or the subject. */
  readonly name: string;
  readonly scopes: ReadonlySet<Scope>;
}

/** Everybody, where no credentials are asked for. */
export const ANYONE: Identity = {
  kind: 'anonymous',
  name: 'anonymous',
  tenant: 'anonymous',
  subject: undefined,
  tokenId: undefined,
  scopes: new Set<Scope>(['stream:create', 'stream:read', 'stream:close']),
};

/** The owner of what an identity opens. */
export function ownerOf({ tenant, subject, tokenId }: Identity): Owner {
  return { tenant, subject, tokenId };
}

/**
 * Whether a session may be read and closed by an identity: by the stream token that opened it and no other, by its user, and by every API key of
 * its tenant. Pure.
 */
export function owns(identity: Identity, owner: Owner): boolean {
  if (identity.tenant !== owner.tenant) return false;
  switch (identity.kind) {
    case 'anonymous':
    case 'api-key':
      return true;
    case 'jwt':
      return owner.subject === identity.subject;
    case 'stream-token':
      return owner.tokenId === identity.tokenId;
    default:
      return identity.kind satisfies never;
  }
}
