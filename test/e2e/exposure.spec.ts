import { connect } from 'node:net';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { text } from 'node:stream/consumers';

import { describe, expect, it } from 'vitest';

import { makeApiKey } from '#server/identity/index.js';
import { waitFor } from '../support/condition.ts';
import type { Answer } from '../support/api-client.ts';
import { IdentityProvider } from '../support/identity-provider.ts';
import { CommandProcess, testPipeline, TestServer } from '../support/server.ts';

const from = (address: string): { headers: Record<string, string> } => ({ headers: { 'x-forwarded-for': address } });

describe('a server that anybody may ask', () => {
  it('tells a client with every answer how much it may ask, and then to wait', async () => {
    await using server = await TestServer.start(testPipeline('conversation'), { TELEFUSER_RATE_LIMIT: '3' });
    const status = (): Promise<Answer> => server.api.get('v1/stream/sessions/none/status');
    const answers = [await status(), await status(), await status(), await status()];
    expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200, 429]);
    expect(answers.map(({ headers }) => headers.get('ratelimit')?.replace(/t=\d+/, 't=?'))).toEqual([
      '"default";r=2;t=?',
      '"default";r=1;t=?',
      '"default";r=0;t=?',
      '"default";r=0;t=?',
    ]);
    const refusal = answers.at(-1);
    expect(refusal?.headers.get('ratelimit-policy')).toBe('"default";q=3;w=60');
    expect(refusal?.body['code']).toBe('rate-limited');
    expect(Number(refusal?.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(Number(refusal?.headers.get('retry-after'))).toBeLessThanOrEqual(60);
    // Whoever must know whether it lives is not counted.
    expect((await server.api.get('livez')).status).toBe(200);
    expect((await server.api.get('')).status).toBe(200);
  });

  it('counts by the address that its own proxies forward, and believes no one else', async () => {
    const path = 'v1/stream/sessions/none/status';
    const ask = async (server: TestServer, address: string): Promise<number> =>
      (await server.api.request('GET', path, undefined, from(address))).status;
    await using behind = await TestServer.start(testPipeline('conversation'), {
      TELEFUSER_RATE_LIMIT: '1',
      TELEFUSER_TRUSTED_PROXIES: '127.0.0.0/8',
    });
    expect([await ask(behind, '192.0.2.1'), await ask(behind, '192.0.2.2'), await ask(behind, '192.0.2.1')]).toEqual([
      200, 200, 429,
    ]);
    // What the client itself put in front of the proxy's word is not believed.
    expect(await ask(behind, '198.51.100.7, 192.0.2.2')).toBe(429);
    await using alone = await TestServer.start(testPipeline('conversation'), { TELEFUSER_RATE_LIMIT: '1' });
    expect([await ask(alone, '192.0.2.1'), await ask(alone, '192.0.2.2')]).toEqual([200, 429]);
  });

  it('sends the headers that keep its pages to themselves, and no promise of a certificate that it does not have', async () => {
    await using server = await TestServer.start(testPipeline('conversation'));
    for (const path of ['', 'docs', 'v1/service/health', 'nowhere']) {
      const { headers } = await server.api.get(path);
      expect(headers.get('content-security-policy'), path).toContain("default-src 'self'");
      expect(headers.get('content-security-policy'), path).not.toContain('upgrade-insecure-requests');
      expect(headers.get('x-content-type-options'), path).toBe('nosniff');
      expect(headers.get('referrer-policy'), path).toBe('no-referrer');
      expect(headers.get('strict-transport-security'), path).toBeNull();
    }
  });

  it('gives up a request that comes too slowly', async () => {
    await using server = await TestServer.start(testPipeline('conversation'), { TELEFUSER_REQUEST_TIMEOUT_SECONDS: '1' });
    const socket = connect(Number(new URL(server.api.url).port), '127.0.0.1');
    socket.write(
      'POST /v1/stream/webrtc/offer HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{',
    );
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 4\d\d /);
  });

  it('says so once when more than this machine can reach it, and not otherwise', async () => {
    const permissive = { TELEFUSER_SECURITY_LEVEL: 'permissive' };
    const warnings = async (host: string): Promise<number> => {
      await using serving = await CommandProcess.serve(testPipeline('conversation'), permissive, ['--host', host]);
      return serving.command.stderr.split('TELEFUSER_AUTH is none').length - 1;
    };
    expect(await warnings('0.0.0.0')).toBe(1);
    expect(await warnings('127.0.0.1')).toBe(0);
  });
});

describe('a server that is to take known clients only', () => {
  it.each<[string, Record<string, string>, RegExp]>([
    ['no credentials are configured', {}, /no credentials are configured: make a key with "telefuser api-key/],
    ['there is no key among them', { TELEFUSER_API_KEYS: '[]' }, /TELEFUSER_API_KEYS has no key/],
    [
      'a file of keys is missing',
      { TELEFUSER_API_KEYS_FILE: '/nowhere/keys.json' },
      /TELEFUSER_API_KEYS_FILE cannot be used: .*ENOENT/,
    ],
    [
      'the keys of the provider are not such',
      {
        TELEFUSER_JWKS_FILE: join(import.meta.dirname, '..', '..', 'package.json'),
        TELEFUSER_JWT_ISSUER: 'i',
        TELEFUSER_JWT_AUDIENCE: 'a',
      },
      /TELEFUSER_JWKS_FILE must be a file with a JSON Web Key Set/,
    ],
  ])('does not start when %s', async (_what, environment, line) => {
    const args = ['stream-serve', testPipeline('conversation'), '--host', '127.0.0.1', '--port', '0'];
    await using command = CommandProcess.spawn(args, { TELEFUSER_AUTH: 'required', ...environment }, tmpdir());
    expect(await command.exitCode()).toBe(2);
    await waitFor('the line', () => line.test(command.stderr));
    expect(command.stderr.split('\n').filter((said) => said.startsWith('telefuser: '))).toHaveLength(1);
  });

  it('says that it cannot check a token while the keys of the provider cannot be had, and takes API keys all the same', async () => {
    const { key, record } = makeApiKey({ tenant: 'acme', scopes: ['stream:read'], expiresAtMs: undefined });
    const provider = await IdentityProvider.start();
    const [token, url] = [await provider.token(), provider.url];
    await provider[Symbol.asyncDispose]();
    await using server = await TestServer.start(testPipeline('conversation'), {
      TELEFUSER_AUTH: 'required',
      TELEFUSER_API_KEYS: JSON.stringify([record]),
      TELEFUSER_JWKS_URL: url,
      TELEFUSER_JWT_ISSUER: IdentityProvider.ISSUER,
      TELEFUSER_JWT_AUDIENCE: IdentityProvider.AUDIENCE,
    });
    const refusal = await server.api.as(token).get('v1/service/health');
    expect([refusal.status, refusal.body['code']]).toEqual([503, 'identity-unavailable']);
    expect(Number(refusal.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await server.api.as(key).get('v1/service/health')).status).toBe(200);
  });
});
