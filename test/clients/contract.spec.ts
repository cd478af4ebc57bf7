import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { makeApiKey } from '#server/identity/index.js';
import { shippedPipeline, TestServer } from '../support/server.ts';
import { WATCH, WeriftClient } from '../support/werift-client.ts';
import { CLIENT_TOOLS } from './generated-client.ts';

const DOCUMENT = fileURLToPath(new URL('../../openapi.json', import.meta.url));
const HOOKS = fileURLToPath(new URL('fuzz_hooks.py', import.meta.url));
const SETTINGS = fileURLToPath(new URL('schemathesis.toml', import.meta.url));
/** Another one is taken by `FUZZ_SEED`, to look for what this one does not find. */
const SEED = process.env['FUZZ_SEED'] ?? '20261123';
const EXAMPLES_PER_OPERATION = '60';
const RUN_TIMEOUT_MS = 400_000;

/**
 * Not looked at: a route that is not there is 404, by whatever method, and never 405 (docs/errors.md); a well-formed offer may be
 * refused, for what is in its SDP or for the sessions that are open; and the status of a session that was closed is no error, it says why.
 */
const EXCLUDED_CHECKS = 'unsupported_method,positive_data_acceptance,use_after_free';

const { key, record } = makeApiKey({
  tenant: 'fuzz',
  scopes: ['stream:create', 'stream:read', 'stream:close'],
  expiresAtMs: undefined,
});

describe('the API, asked whatever its document allows and much that it does not', () => {
  let server: TestServer;
  let folder: string;
  let offerSdp: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'telefuser-fuzz-'));
    await using client = await WeriftClient.prepare(WATCH);
    offerSdp = client.offerSdp;
    server = await TestServer.start(shippedPipeline('test-pattern'), {
      TELEFUSER_ICE_HOST_ADDRESSES: '["127.0.0.1"]',
      // A credential that is missing or wrong is among what is tried.
      TELEFUSER_AUTH: 'required',
      TELEFUSER_API_KEYS: JSON.stringify([record]),
      TELEFUSER_STREAM_TOKEN_SECRET: 'a secret of the tests that signs stream tokens',
      TELEFUSER_RATE_LIMIT: '0',
      // More than are open at once, since nobody connects to them: a refusal for want of room would hide the answer.
      TELEFUSER_WEBRTC_MAX_SESSIONS: '100',
      TELEFUSER_WEBRTC_CONNECT_TIMEOUT_SECONDS: '1',
    });
  });
  afterAll(async () => {
    await server.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** Runs schemathesis by a document against the server; resolves to its exit code and what it printed. */
  function fuzz(document: string, args: readonly string[] = []): Promise<{ code: number | null; output: string }> {
    const child = spawn(
      join(CLIENT_TOOLS, 'schemathesis'),
      [
        ...[
          '--config-file',
          SETTINGS,
          'run',
          document,
          '--url',
          server.api.url,
          '--header',
          `Authorization: Bearer ${key}`,
          '--seed',
          SEED,
          '--no-color',
          '--continue-on-failure',
        ],
        ...['--checks', 'all', '--exclude-checks', EXCLUDED_CHECKS, '--max-examples', EXAMPLES_PER_OPERATION, ...args],
      ],
      {
        cwd: folder,
        env: { ...process.env, SCHEMATHESIS_HOOKS: HOOKS, OFFER_SDP: offerSdp },
        stdio: ['ignore', 'pipe', 'pipe'],
        timeout: RUN_TIMEOUT_MS,
      },
    );
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    return new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => resolve({ code, output }));
    });
  }

  it(
    'answers as documented, with a status, headers and a body that are in the document, and never with an error of its own',
    async () => {
      const { code, output } = await fuzz(DOCUMENT);
      const cases = Number(/^\s*(\d+) generated/m.exec(output)?.[1]);
      console.log(`contract fuzzing: ${cases} requests, seed ${SEED}`);
      expect(code, output).toBe(0);
      expect(cases).toBeGreaterThan(500);
      await server.api.as(key).noSessions();
    },
    RUN_TIMEOUT_MS,
  );

  it('would be found out: a document that promises a field that no answer has is not kept', async () => {
    const document = JSON.parse(await readFile(DOCUMENT, 'utf8')) as {
      components: { schemas: { SessionStatus: { required: string[] } } };
    };
    document.components.schemas.SessionStatus.required.push('planted');
    const planted = join(folder, 'planted.json');
    await writeFile(planted, JSON.stringify(document));
    const { code, output } = await fuzz(planted, ['--include-operation-id', 'sessionsStatus', '--phases', 'examples']);
    expect(output).toContain('planted');
    expect(code).toBe(1);
  });
});
