import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Logger } from '@nestjs/common';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

import { loadConfiguration } from '../config/index.js';
import { openKeySource, verifyJsonWebToken } from './json-web-tokens.js';

let folder: string;
let file: string;

beforeAll(async () => {
  Logger.overrideLogger(false);
  folder = await mkdtemp(join(tmpdir(), 'telefuser-jwks-'));
  file = join(folder, 'keys.json');
});
afterAll(async () => {
  Logger.overrideLogger(['log']);
  await rm(folder, { recursive: true });
});

const configured = () =>
  loadConfiguration({
    TELEFUSER_JWKS_FILE: file,
    TELEFUSER_JWT_ISSUER: 'https://idp.example',
    TELEFUSER_JWT_AUDIENCE: 'stream,other-name',
    TELEFUSER_JWT_TENANT_CLAIM: 'org_id',
    TELEFUSER_JWT_ALGORITHMS: 'ES256',
  }).auth;

async function signer(kid: string) {
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  const sign = (claims: Record<string, unknown>): Promise<string> =>
    new SignJWT({ iss: 'https://idp.example', aud: 'other-name', sub: 'ann', org_id: 'acme', ...claims })
      .setProtectedHeader({ alg: 'ES256', kid })
      .setExpirationTime('1m')
      .sign(privateKey);
  return { sign, jwk: { ...(await exportJWK(publicKey)), kid } };
}

describe('a JSON Web Token', () => {
  it('is verified with the keys of a file that is followed', async () => {
    const [first, second] = [await signer('first'), await signer('second')];
    await writeFile(file, JSON.stringify({ keys: [first.jwk] }));
    const source = await openKeySource(configured(), 5);
    if (source === undefined) throw new Error('no source of keys');
    try {
      const token = await second.sign({});
      await expect(verifyJsonWebToken(token, source.keys, configured())).rejects.toMatchObject({ fault: 'unknown-signing-key' });
      await writeFile(file, JSON.stringify({ keys: [second.jwk] }));
      await vi.waitFor(async () => expect((await verifyJsonWebToken(token, source.keys, configured())).tenant).toBe('acme'));
      const old = verifyJsonWebToken(await first.sign({}), source.keys, configured());
      await expect(old).rejects.toMatchObject({ fault: 'unknown-signing-key' });
    } finally {
      source.close();
    }
  });

  it.each([
    [{ scope: 'openid stream:read' }, ['stream:read']],
    [{ scp: ['stream:create', 'files'] }, ['stream:create']],
    [{ scope: 7 }, []],
    [{}, []],
  ])('gives the scopes that it claims and we know: %j', async (claims, scopes) => {
    const { sign, jwk } = await signer('only');
    await writeFile(file, JSON.stringify({ keys: [jwk] }));
    const source = await openKeySource(configured(), 1000);
    if (source === undefined) throw new Error('no source of keys');
    try {
      const identity = await verifyJsonWebToken(await sign(claims), source.keys, configured());
      expect(identity).toEqual({
        kind: 'jwt',
        name: 'ann',
        tenant: 'acme',
        subject: 'ann',
        tokenId: undefined,
        scopes: new Set(scopes),
      });
    } finally {
      source.close();
    }
  });

  it.each([{ org_id: 'two words' }, { org_id: 7 }, { sub: '' }, { sub: 's'.repeat(257) }])(
    'is refused for %j',
    async (claims) => {
      const { sign, jwk } = await signer('only');
      await writeFile(file, JSON.stringify({ keys: [jwk] }));
      const source = await openKeySource(configured(), 1000);
      if (source === undefined) throw new Error('no source of keys');
      try {
        await expect(verifyJsonWebToken(await sign(claims), source.keys, configured())).rejects.toMatchObject({
          fault: 'bad-claim',
        });
      } finally {
        source.close();
      }
    },
  );

  it('has no keys but those that are configured', async () => {
    expect(await openKeySource(loadConfiguration({}).auth, 1000)).toBeUndefined();
    await writeFile(file, 'no JSON');
    await expect(openKeySource(configured(), 1000)).rejects.toThrow('TELEFUSER_JWKS_FILE must be a file with a JSON Web Key Set');
  });
});
