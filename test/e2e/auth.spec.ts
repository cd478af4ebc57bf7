import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { makeApiKey } from '#server/identity/index.js';
import type { Answer, ApiClient } from '../support/api-client.ts';
import { waitFor } from '../support/condition.ts';
import { IdentityProvider, type TokenOptions } from '../support/identity-provider.ts';
import { CommandProcess, type ServingCommand, testPipeline } from '../support/server.ts';
import { WATCH, WeriftClient } from '../support/werift-client.ts';

const ALL = ['stream:create', 'stream:read', 'stream:close'] as const;
const STREAM_TOKEN_SECRET = 'a secret of the tests that signs stream tokens';
const QUOTA = 2;

/** What E2E_TABLE=1 prints: who asked for what, and what they were answered. */
const table: string[] = [];
/** Everything that nobody may find in a log. */
const secrets = new Set<string>([STREAM_TOKEN_SECRET]);

let folder: string;
let provider: IdentityProvider;
let serving: ServingCommand;
let api: ApiClient;

type Record_ = ReturnType<typeof makeApiKey>['record'];

/** As the command line prints it. */
const written = ({ expiresAtMs, ...rest }: Record_): object => ({
  ...rest,
  ...(expiresAtMs === undefined ? {} : { expires: new Date(expiresAtMs).toISOString() }),
});

function newKey(tenant: string, scopes: readonly (typeof ALL)[number][] = ALL, expiresAtMs?: number) {
  const made = makeApiKey({ tenant, scopes, expiresAtMs });
  secrets.add(made.key);
  return made;
}

const keys = {
  acme: newKey('acme'),
  acmeNext: newKey('acme'),
  acmeInFile: newKey('acme'),
  acmeInFileLater: newKey('acme'),
  acmeReader: newKey('acme', ['stream:read']),
  acmeOpener: newKey('acme', ['stream:create']),
  acmeOld: newKey('acme', ALL, Date.now() - 1000),
  other: newKey('other'),
};

/** Replaced, not written into, as an editor and Kubernetes do. */
async function writeKeyFile(...made: readonly { readonly record: Record_ }[]): Promise<void> {
  await writeFile(join(folder, 'next.json'), JSON.stringify(made.map(({ record }) => written(record))));
  await rename(join(folder, 'next.json'), join(folder, 'keys.json'));
}

async function jwt(options?: TokenOptions): Promise<string> {
  const token = await provider.token(options);
  secrets.add(token);
  return token;
}

/** Offers with a credential; the session is closed again at once, unless it is to be kept. */
async function offer(credential: string | undefined, fields: Readonly<Record<string, unknown>> = {}): Promise<Answer> {
  await using client = await WeriftClient.prepare(WATCH);
  return await api.as(credential).offer({ sdp: client.offerSdp, type: 'offer', task: 'test', ...fields });
}

async function close(credential: string, { body }: Answer): Promise<void> {
  await api.as(credential).delete(String(body['session_id']));
}

async function mint(credential: string, body: object = {}): Promise<Answer> {
  const answer = await api.as(credential).request('POST', 'v1/stream/tokens', body);
  if (typeof answer.body['token'] === 'string') secrets.add(answer.body['token']);
  return answer;
}

async function mintedToken(credential: string, body?: object): Promise<string> {
  const { status, body: token } = await mint(credential, body);
  expect(status).toBe(201);
  return String(token['token']);
}

/** Notes an answer in the table, and checks it: its status, and the code of its problem. */
function expectAnswer(who: string, what: string, answer: Answer, status: number, code?: string, detail?: RegExp): Answer {
  const said = code === undefined ? '' : `${String(answer.body['code'])}: ${String(answer.body['detail'])}`;
  const challenge = answer.headers.get('www-authenticate') ?? '';
  table.push(`| ${who} | ${what} | ${answer.status} | ${said} | ${challenge} |`);
  expect(answer.status, `${who}: ${JSON.stringify(answer.body)}`).toBe(status);
  expect(answer.body['code'], who).toBe(code);
  if (detail !== undefined) expect(answer.body['detail'], who).toMatch(detail);
  if (status === 401) expect(challenge, who).toMatch(/^Bearer realm="telefuser"/);
  return answer;
}

/** An offer that is answered, and its session closed. */
async function expectAccepted(who: string, credential: string): Promise<Answer> {
  const answer = await offer(credential);
  expectAnswer(who, 'offer', answer, 200);
  await close(credential, answer);
  return answer;
}

/** An offer that is refused before its body was looked at: there is no need of a good one. */
async function expectRefused(
  who: string,
  credential: string | undefined,
  status: number,
  code: string,
  detail?: RegExp,
): Promise<Answer> {
  return expectAnswer(who, 'offer', await api.as(credential).offer({}), status, code, detail);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'telefuser-auth-'));
  provider = await IdentityProvider.start();
  await writeKeyFile(keys.acmeInFile);
  const { acme, acmeNext, acmeReader, acmeOpener, acmeOld, other } = keys;
  serving = await CommandProcess.serve(testPipeline('conversation'), {
    TELEFUSER_SECURITY_LEVEL: 'permissive',
    TELEFUSER_AUTH: 'required',
    TELEFUSER_API_KEYS: JSON.stringify(
      [acme, acmeNext, acmeReader, acmeOpener, acmeOld, other].map(({ record }) => written(record)),
    ),
    TELEFUSER_API_KEYS_FILE: join(folder, 'keys.json'),
    TELEFUSER_FILE_RELOAD_SECONDS: '0.1',
    TELEFUSER_JWKS_URL: provider.url,
    TELEFUSER_JWT_ISSUER: IdentityProvider.ISSUER,
    TELEFUSER_JWT_AUDIENCE: IdentityProvider.AUDIENCE,
    TELEFUSER_JWT_CLOCK_SKEW_SECONDS: '2',
    TELEFUSER_JWKS_COOLDOWN_SECONDS: '0.1',
    TELEFUSER_JWKS_CACHE_SECONDS: '1',
    TELEFUSER_STREAM_TOKEN_SECRET: STREAM_TOKEN_SECRET,
    TELEFUSER_TENANT_MAX_SESSIONS: String(QUOTA),
    TELEFUSER_LOG_LEVEL: 'debug',
  });
  ({ api } = serving);
});

afterAll(async () => {
  await serving[Symbol.asyncDispose]();
  await provider[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
  if (process.env['E2E_TABLE'] === undefined) return;
  const head = ['| credential | request | status | problem | WWW-Authenticate |', '| --- | --- | --- | --- | --- |'];
  process.stdout.write(`${[...head, ...table].join('\n')}\n`);
});

describe('a server that takes known clients only', () => {
  it('refuses who has no credential, or none of a form that it knows', async () => {
    const { headers } = await expectRefused('none', undefined, 401, 'unauthenticated', /needs a credential/);
    // RFC 6750, section 3.1: no error for who sent nothing.
    expect(headers.get('www-authenticate')).toBe('Bearer realm="telefuser", scope="stream:create"');
    expect(headers.get('access-control-allow-origin')).toBe('*');
    const basic = await api.offer({}, { headers: { authorization: 'Basic YTpi' } });
    expectAnswer('Basic', 'offer', basic, 401, 'unauthenticated', /must be "Bearer"/);
    await expectRefused('rubbish', 'rubbish', 401, 'unauthenticated');
    await expectRefused('too long', 'x'.repeat(9000), 401, 'unauthenticated');
  });

  it('takes API keys that are right, known and not over', async () => {
    const { acme, acmeOld } = keys;
    await expectAccepted('API key', acme.key);
    const wrong = `${acme.key.slice(0, -5)}${acme.key.endsWith('AAAAA') ? 'BBBBB' : 'AAAAA'}`;
    const answer = await expectRefused(
      'API key with a wrong secret',
      wrong,
      401,
      'unauthenticated',
      /^The credential is not valid\.$/,
    );
    expect(answer.headers.get('www-authenticate')).toContain('error="invalid_token"');
    await expectRefused(
      'API key that nobody knows',
      newKey('acme').key,
      401,
      'unauthenticated',
      /^The credential is not valid\.$/,
    );
    await expectRefused('expired API key', acmeOld.key, 401, 'unauthenticated', /has expired/);
  });

  it('takes two keys of a tenant at once, and follows its file of keys', async () => {
    const old = await expectAccepted('API key, rotated: old', keys.acme.key);
    const next = await expectAccepted('API key, rotated: new', keys.acmeNext.key);
    expect([old.status, next.status]).toEqual([200, 200]);
    await expectAccepted('API key of the file', keys.acmeInFile.key);
    await expectRefused('API key that is not in the file yet', keys.acmeInFileLater.key, 401, 'unauthenticated');
    await writeKeyFile(keys.acmeInFileLater);
    const authorised = async (): Promise<number> => (await api.as(keys.acmeInFileLater.key).get('v1/service/health')).status;
    await waitFor('the file to be read again', async () => (await authorised()) === 200);
    await expectAccepted('API key that came into the file', keys.acmeInFileLater.key);
    await expectRefused('API key that left the file', keys.acmeInFile.key, 401, 'unauthenticated');
  });

  it('takes JSON Web Tokens that are meant for it, in time and signed by the provider', async () => {
    expect((await expectAccepted('JWT', await jwt())).body['type']).toBe('answer');
    await expectAccepted('JWT that expired within the clock skew', await jwt({ expiresIn: -1 }));
    await expectRefused('expired JWT', await jwt({ expiresIn: -10 }), 401, 'unauthenticated', /has expired/);
    await expectRefused('JWT without an end', await jwt({ claims: { exp: undefined } }), 401, 'unauthenticated', /claim exp/);
    const soon = Math.floor(Date.now() / 1000) + 60;
    await expectRefused('JWT of tomorrow', await jwt({ claims: { nbf: soon } }), 401, 'unauthenticated', /not valid yet/);
    await expectRefused(
      'JWT with a wrong audience',
      await jwt({ claims: { aud: 'another' } }),
      401,
      'unauthenticated',
      /its aud/,
    );
    await expectRefused(
      'JWT with a wrong issuer',
      await jwt({ claims: { iss: 'https://evil' } }),
      401,
      'unauthenticated',
      /issuer/,
    );
    await expectRefused(
      'JWT without a tenant',
      await jwt({ claims: { tenant: undefined } }),
      401,
      'unauthenticated',
      /claim tenant/,
    );
    await expectRefused('JWT without a subject', await jwt({ claims: { sub: undefined } }), 401, 'unauthenticated', /claim sub/);
  });

  it('takes no JSON Web Token whose signature anybody could make', async () => {
    const unsigned = new UnsecuredJWT(provider.claims()).encode();
    const { body } = await expectRefused('JWT with alg none', unsigned, 401, 'unauthenticated');
    // Nothing of what it says is believed, and so nothing of it is told.
    expect(body['detail']).toBe('The credential is not valid.');
    const publicKey = new TextEncoder().encode(await provider.publicKey());
    const header = { alg: 'HS256', kid: 'first' };
    const confused = await new SignJWT(provider.claims()).setProtectedHeader(header).sign(publicKey);
    await expectRefused('JWT with HS256 and the public key', confused, 401, 'unauthenticated', /^The credential is not valid\.$/);
    await expectRefused('JWT of a stray key', await jwt({ key: 2 }), 401, 'unauthenticated', /^The credential is not valid\.$/);
    const forged = await jwt({ key: 2, kid: 'first' });
    await expectRefused(
      'JWT of a stray key under a good name',
      forged,
      401,
      'unauthenticated',
      /^The credential is not valid\.$/,
    );
    const [head, , signature] = (await jwt({ claims: { tenant: 'other' } })).split('.');
    const claims = Buffer.from(JSON.stringify(provider.claims())).toString('base64url');
    await expectRefused('JWT with other claims than were signed', `${head}.${claims}.${signature}`, 401, 'unauthenticated');
  });

  it('follows the provider from one signing key to the next', async () => {
    await expectAccepted('JWT, before the rotation: old key', await jwt());
    await expectRefused('JWT, before the rotation: new key', await jwt({ key: 1 }), 401, 'unauthenticated');
    provider.publish(0, 1);
    const fetchable = async (key: number): Promise<number> => (await api.as(await jwt({ key })).get('v1/service/health')).status;
    await waitFor('the cool-down to be over', async () => (await fetchable(1)) === 200);
    await expectAccepted('JWT, in the rotation: old key', await jwt());
    await expectAccepted('JWT, in the rotation: new key', await jwt({ key: 1 }));
    provider.publish(1);
    await waitFor('the old key to leave the cache', async () => (await fetchable(0)) === 401);
    await expectAccepted('JWT, after the rotation: new key', await jwt({ key: 1 }));
    await expectRefused('JWT, after the rotation: old key', await jwt(), 401, 'unauthenticated');
    provider.publish(0);
    await waitFor('the first key again', async () => (await fetchable(0)) === 200);
    // Every token with an unknown key asks for the keys; that they are fetched so seldom is the cool-down's doing.
    expect(provider.fetches).toBeLessThan(40);
  });

  it('says which scope is missing', async () => {
    const read = await expectRefused('API key with stream:read', keys.acmeReader.key, 403, 'insufficient-scope', /stream:create/);
    expect(read.headers.get('www-authenticate')).toBe(
      'Bearer realm="telefuser", error="insufficient_scope", scope="stream:create"',
    );
    const opened = await offer(keys.acmeOpener.key);
    expectAnswer('API key with stream:create', 'offer', opened, 200);
    const id = String(opened.body['session_id']);
    const opener = api.as(keys.acmeOpener.key);
    expectAnswer(
      'API key with stream:create',
      'read',
      await opener.get(`v1/stream/sessions/${id}/stats`),
      403,
      'insufficient-scope',
    );
    expectAnswer('API key with stream:create', 'close', await opener.delete(id), 403, 'insufficient-scope');
    await expectRefused('JWT without scopes', await jwt({ claims: { scope: 'openid' } }), 403, 'insufficient-scope');
    expectAnswer('API key of the tenant', 'close', await api.as(keys.acme.key).delete(id), 200);
  });

  it('shows a session to its owner, and to others just what they see of one that never was', async () => {
    const ann = await jwt();
    const opened = await offer(ann, { session_id: 'of-ann' });
    expectAnswer('JWT of ann', 'offer', opened, 200);
    const strangers = [
      ['API key of another tenant', keys.other.key],
      ['JWT of bob, same tenant', await jwt({ claims: { sub: 'bob' } })],
      ['JWT of ann of another tenant', await jwt({ claims: { tenant: 'other' } })],
      ['stream token of ann for another session', await mintedToken(ann)],
    ] as const;
    for (const [who, credential] of strangers) {
      const stranger = api.as(credential);
      for (const path of ['stats', 'status'] as const) {
        const seen = await stranger.get(`v1/stream/sessions/of-ann/${path}`);
        const unknown = await stranger.get(`v1/stream/sessions/of-nobody/${path}`);
        expectAnswer(
          who,
          `read (${path})`,
          seen,
          path === 'stats' ? 404 : 200,
          path === 'stats' ? 'session-not-found' : undefined,
        );
        // `instance` is the request's own.
        const { instance: _seen, ...shown } = seen.body;
        const { instance: _unknown, ...expected } = unknown.body;
        expect(JSON.stringify(shown)).toBe(JSON.stringify(expected).replaceAll('of-nobody', 'of-ann'));
      }
      expectAnswer(who, 'close', await stranger.delete('of-ann'), 404, 'session-not-found');
    }
    expectAnswer('JWT of ann', 'read (stats)', await api.as(ann).get('v1/stream/sessions/of-ann/stats'), 200);
    expectAnswer(
      'API key of the tenant',
      'read (stats)',
      await api.as(keys.acme.key).get('v1/stream/sessions/of-ann/stats'),
      200,
    );
    expectAnswer('JWT of ann', 'close', await api.as(ann).delete('of-ann'), 200);
    expect((await api.as(ann).status('of-ann')).close_reason).toBe('client_delete');
    expect((await api.as(keys.other.key).status('of-ann')).close_reason).toBeUndefined();
  });

  it('lets no tenant have more sessions than its quota, and others theirs', async () => {
    const open = [await offer(keys.acme.key), await offer(await jwt())];
    for (const answer of open) expect(answer.status).toBe(200);
    const over = await offer(keys.acmeNext.key);
    expectAnswer(`API key of a tenant with ${QUOTA} sessions`, 'offer', over, 429, 'tenant-quota');
    expect(Number(over.headers.get('retry-after'))).toBeGreaterThan(0);
    await expectAccepted('API key of another tenant', keys.other.key);
    for (const answer of open) await close(keys.acme.key, answer);
    await expectAccepted('API key of the tenant, after they closed', keys.acme.key);
  });

  it('makes tokens that open one session, and read and close that one only', async () => {
    const minted = await mint(keys.acme.key, { expires_in: 30 });
    expectAnswer('API key', 'make a token', minted, 201);
    expect(minted.body).toMatchObject({ token_type: 'Bearer', expires_in: 30 });
    expect(minted.headers.get('cache-control')).toBe('no-store');
    const token = String(minted.body['token']);
    const opened = await offer(token);
    expectAnswer('stream token', 'offer', opened, 200);
    const id = String(opened.body['session_id']);
    expectAnswer('stream token, used', 'offer', await offer(token), 403, 'token-used');
    expectAnswer('stream token, used', 'read (stats)', await api.as(token).get(`v1/stream/sessions/${id}/stats`), 200);
    const another = await mintedToken(keys.acme.key);
    expectAnswer(
      'stream token of another session',
      'read (stats)',
      await api.as(another).get(`v1/stream/sessions/${id}/stats`),
      404,
      'session-not-found',
    );
    expectAnswer('stream token of another session', 'close', await api.as(another).delete(id), 404, 'session-not-found');
    expectAnswer('stream token', 'make a token', await mint(token), 403, 'insufficient-scope');
    expectAnswer(
      'stream token',
      'read the metrics',
      await api.as(token).get('v1/service/metrics/json'),
      403,
      'insufficient-scope',
    );
    expectAnswer('stream token, used', 'close', await api.as(token).delete(id), 200);
    expectAnswer('stream token, used, its session closed', 'offer', await offer(token), 403, 'token-used');
    expectAnswer('JWT', 'make a token for too long', await mint(await jwt(), { expires_in: 601 }), 422, 'validation-failed');
    expectAnswer('API key with stream:read', 'make a token', await mint(keys.acmeReader.key), 403, 'insufficient-scope');
  });

  it('gives a token back whose session could not be opened', async () => {
    const token = await mintedToken(keys.acme.key);
    expectAnswer(
      'stream token',
      'offer without SDP',
      await api.as(token).offer({ sdp: 'no sdp', task: 'test' }),
      400,
      'invalid-sdp',
    );
    expect((await expectAccepted('stream token, after an offer that failed', token)).status).toBe(200);
  });

  it('lets no token open a session late, but lets it read and close the one that it opened', async () => {
    const [used, unused] = [
      await mintedToken(keys.acme.key, { expires_in: 3 }),
      await mintedToken(keys.acme.key, { expires_in: 3 }),
    ];
    const opened = await offer(used);
    expect(opened.status).toBe(200);
    const id = String(opened.body['session_id']);
    await waitFor('the tokens to expire', async () => (await api.as(unused).offer({})).status === 401, 5000);
    await expectRefused('expired stream token', unused, 401, 'unauthenticated', /has expired/);
    expectAnswer(
      'expired stream token',
      'read another session',
      await api.as(unused).get(`v1/stream/sessions/${id}/stats`),
      404,
      'session-not-found',
    );
    expectAnswer('expired stream token', 'read its session', await api.as(used).get(`v1/stream/sessions/${id}/stats`), 200);
    expectAnswer('expired stream token', 'close its session', await api.as(used).delete(id), 200);
    await expectRefused('stream token with another signature', `${unused.slice(0, -5)}AAAAA`, 401, 'unauthenticated');
  });

  it('answers the probes, the page and the documents to everyone, and nothing below /v1', async () => {
    const page = await (await fetch(api.url)).text();
    const script = /src="\.\/(assets\/[\w.-]+\.js)"/u.exec(page)?.[1] ?? 'no script';
    for (const path of ['livez', 'readyz', 'startupz', '', script, 'docs', 'openapi.json']) {
      expect((await api.get(path)).status, path).toBe(200);
    }
    const { paths } = (await api.get('openapi.json')).body as { paths: Record<string, Record<string, { security?: unknown[] }>> };
    const protectedPaths = Object.entries(paths).filter(([path]) => path.startsWith('/v1/'));
    expect(protectedPaths.length).toBeGreaterThan(8);
    for (const [path, operations] of protectedPaths) {
      for (const [method, { security }] of Object.entries(operations)) {
        const { status, body } = await api.request(
          method.toUpperCase(),
          path.slice(1).replace('{session_id}', 'x'),
          method === 'post' ? {} : undefined,
        );
        expect([status, body['code']], `${method} ${path}`).toEqual([401, 'unauthenticated']);
        expect(security, `${method} ${path}`).toEqual([{ bearer: [] }]);
      }
    }
  });

  it('reads no body of who may not send one', async () => {
    const large = JSON.stringify({ sdp: 'x'.repeat(100_000) });
    const answer = expectAnswer('none', 'offer that is no JSON', await api.offer(`${large}}`), 401, 'unauthenticated');
    expect(answer.body).not.toHaveProperty('errors');
  });

  it('lets a page of another origin send a credential, and read why it was refused', async () => {
    const { status, headers } = await api.request('OPTIONS', 'v1/stream/webrtc/offer', undefined, {
      headers: {
        origin: 'https://page.example',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type',
      },
    });
    expect(status).toBe(204);
    expect(headers.get('access-control-allow-headers')).toContain('authorization');
    const refusal = await api.request('POST', 'v1/stream/webrtc/offer', {}, { headers: { origin: 'https://page.example' } });
    expect(refusal.headers.get('access-control-expose-headers')).toContain('WWW-Authenticate');
  });

  it('has an audit log of who did what, and of who was refused why', async () => {
    const lines = serving.command.stderr.split('\n').filter((line) => line.includes('[Audit]'));
    const has = (...parts: readonly string[]): boolean => lines.some((line) => parts.every((part) => line.includes(part)));
    expect(has('session-opened', 'by=jwt', 'name=ann', 'tenant=acme', 'session_id=of-ann')).toBe(true);
    expect(has('session-close-requested', 'by=jwt', 'name=ann', 'session_id=of-ann')).toBe(true);
    expect(has('session-closed', 'tenant=acme', 'subject=ann', 'session_id=of-ann', 'reason=client_delete')).toBe(true);
    expect(has('session-denied', 'by=api-key', `name=${keys.other.record.id}`, 'session_id=of-ann')).toBe(true);
    expect(has('token-minted', 'by=api-key', `name=${keys.acme.record.id}`)).toBe(true);
    expect(has('scope-refused', `name=${keys.acmeReader.record.id}`, 'scope=stream:create')).toBe(true);
    for (const reason of [
      'missing',
      'malformed',
      'unknown',
      'expired',
      'wrong-audience',
      'wrong-algorithm',
      'wrong-signature',
      'unknown-signing-key',
    ]) {
      expect(has('credential-refused', `reason=${reason}`, 'address=127.0.0.1', 'route=/v1/stream/webrtc/offer'), reason).toBe(
        true,
      );
    }
  });

  it('has nothing secret in its log', () => {
    const log = serving.command.stderr + serving.command.stdout;
    expect(log).toContain('session-opened');
    expect(secrets.size).toBeGreaterThan(30);
    for (const secret of secrets) {
      expect(log).not.toContain(secret);
      // Nor enough of it to be of use: the signature of a token, the random part of a key.
      expect(log).not.toContain(secret.slice(-20));
    }
    for (const { record } of Object.values(keys)) expect(log).not.toContain(record.sha256);
  });
});
