import { describe, expect, it } from 'vitest';

import { makeApiKey, verifyApiKey } from './api-keys.js';

const NOW_MS = Date.UTC(2026, 6, 1);
const make = (expiresAtMs?: number) => makeApiKey({ tenant: 'acme', scopes: ['stream:read'], expiresAtMs });
const refusal = (fault: string) => expect.objectContaining({ name: 'CredentialError', fault }) as Error;

describe('an API key', () => {
  it('says whose it is, beside another of the same tenant, so that they can be rotated', () => {
    const [first, second] = [make(), make()];
    for (const { key, record } of [first, second]) {
      expect(verifyApiKey(key, [first.record, second.record], NOW_MS)).toEqual({
        kind: 'api-key',
        name: record.id,
        tenant: 'acme',
        subject: undefined,
        tokenId: undefined,
        scopes: new Set(['stream:read']),
      });
    }
    expect(() => verifyApiKey(first.key, [second.record], NOW_MS)).toThrow(refusal('unknown'));
  });

  it('is refused when its secret is another, its form is none, or its time is over', () => {
    const { key, record } = make(NOW_MS);
    const last = key.endsWith('A') ? 'B' : 'A';
    expect(() => verifyApiKey(key.slice(0, -1) + last, [record], NOW_MS - 1)).toThrow(refusal('unknown'));
    expect(() => verifyApiKey('tfk_x', [record], NOW_MS)).toThrow(refusal('malformed'));
    expect(() => verifyApiKey(key, [record], NOW_MS)).toThrow(refusal('expired'));
    expect(verifyApiKey(key, [record], NOW_MS - 1).tenant).toBe('acme');
  });

  it('is told to be expired only to who has the whole of it', () => {
    const { key, record } = make(NOW_MS);
    const guess = `${key.slice(0, -4)}aaaa`;
    expect(() => verifyApiKey(guess, [record], NOW_MS)).toThrow(refusal('unknown'));
  });
});
