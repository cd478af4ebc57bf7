import { describe, expect, it } from 'vitest';

import { Problem } from '../common/index.js';
import { loadConfiguration } from '../config/index.js';
import type { Identity } from './identity.js';
import { StreamTokens } from './stream-tokens.service.js';

const ANN: Identity = { kind: 'jwt', name: 'ann', tenant: 'acme', subject: 'ann', tokenId: undefined, scopes: new Set() };
const NOW_MS = Date.UTC(2026, 6, 1);
const SECRET = { TELEFUSER_STREAM_TOKEN_SECRET: 's'.repeat(32) };

const tokensOf = (variables: Record<string, string> = {}): StreamTokens => new StreamTokens(loadConfiguration(variables));

describe('a stream token', () => {
  it('acts for whoever had it made, and may open a session until it expires', async () => {
    const tokens = tokensOf();
    const { id, token, expiresAtMs } = await tokens.mint(ANN, 60, NOW_MS);
    expect(token).toMatch(/^tfs_/u);
    expect(expiresAtMs).toBe(NOW_MS + 60_000);
    expect(await tokens.verify(token, NOW_MS + 59_000)).toEqual({
      kind: 'stream-token',
      name: id,
      tenant: 'acme',
      subject: 'ann',
      tokenId: id,
      scopes: new Set(['stream:create', 'stream:read', 'stream:close']),
    });
    expect((await tokens.verify(token, NOW_MS + 60_000)).scopes).toEqual(new Set(['stream:read', 'stream:close']));
  });

  it('is taken by other instances if they have the secret, and by nobody else', async () => {
    const { token } = await tokensOf(SECRET).mint(ANN, 60, NOW_MS);
    expect((await tokensOf(SECRET).verify(token, NOW_MS)).tenant).toBe('acme');
    const refused = { name: 'CredentialError', fault: 'wrong-signature' };
    await expect(tokensOf().verify(token, NOW_MS)).rejects.toMatchObject(refused);
    const own = await tokensOf().mint(ANN, 60, NOW_MS);
    await expect(tokensOf().verify(own.token, NOW_MS)).rejects.toMatchObject(refused);
    await expect(tokensOf().verify('tfs_x.y', NOW_MS)).rejects.toMatchObject({ fault: 'malformed' });
  });

  it('is spent once, unless the session was not opened, and forgotten when it has expired', async () => {
    const tokens = tokensOf({ TELEFUSER_STREAM_TOKEN_MAX_SECONDS: '60' });
    const identity = await tokens.verify((await tokens.mint(ANN, 60, NOW_MS)).token, NOW_MS);
    const giveBack = tokens.spend(identity, NOW_MS);
    expect(() => tokens.spend(identity, NOW_MS)).toThrow(Problem);
    giveBack();
    tokens.spend(identity, NOW_MS);
    expect(() => tokens.spend(identity, NOW_MS + 59_999)).toThrow(expect.objectContaining({ code: 'token-used' }) as Error);
    const other = await tokens.verify((await tokens.mint(ANN, 60, NOW_MS)).token, NOW_MS);
    tokens.spend(other, NOW_MS + 60_000);
    // By now it could not open a session any more; that it can be spent shows that it was forgotten.
    expect(() => tokens.spend(identity, NOW_MS + 60_000)).not.toThrow();
  });

  it('is not needed to open as many sessions as one likes', () => {
    const tokens = tokensOf();
    for (let times = 0; times < 3; times += 1) expect(() => tokens.spend(ANN, NOW_MS)).not.toThrow();
  });
});
