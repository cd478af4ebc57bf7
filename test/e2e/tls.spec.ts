import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, readFile, rename, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { waitFor } from '../support/condition.ts';
import { CommandProcess, testPipeline } from '../support/server.ts';

const FIXTURES = new URL('../fixtures/tls/', import.meta.url);
const fixture = (name: string): URL => new URL(name, FIXTURES);

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'telefuser-tls-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

/** Puts a pair in place as Kubernetes does with a secret: a new folder, and one symbolic link that is swapped. */
async function install(version: string, cert: string, key = cert): Promise<void> {
  await mkdir(join(folder, version));
  await copyFile(fixture(`${cert}.crt`), join(folder, version, 'tls.crt'));
  await copyFile(fixture(`${key}.key`), join(folder, version, 'tls.key'));
  await symlink(version, join(folder, '..next'));
  await rename(join(folder, '..next'), join(folder, '..data'));
}

const variables = (): Record<string, string> => ({
  TELEFUSER_SECURITY_LEVEL: 'permissive',
  TELEFUSER_TLS_CERT: join(folder, '..data', 'tls.crt'),
  TELEFUSER_TLS_KEY: join(folder, '..data', 'tls.key'),
  TELEFUSER_FILE_RELOAD_SECONDS: '0.1',
});

/** Connects as a client does that trusts both certificates of the tests and nothing else. */
async function connectTo(url: string): Promise<TLSSocket> {
  const ca = await Promise.all(['one.crt', 'two.crt'].map((name) => readFile(fixture(name))));
  const socket = connect({ host: '127.0.0.1', port: Number(new URL(url).port), servername: 'localhost', ca });
  await once(socket, 'secureConnect');
  return socket;
}

/** The answer's text to a request on a connection that stays open. */
async function ask(socket: TLSSocket): Promise<string> {
  socket.write('GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n');
  const [data] = (await once(socket, 'data')) as [Buffer];
  return data.toString('utf8');
}

/** Whose certificate a new connection is shown. */
async function presented(url: string): Promise<string> {
  const socket = await connectTo(url);
  const { CN } = socket.getPeerCertificate().subject;
  socket.destroy();
  return String(CN);
}

describe('a server with a certificate', () => {
  it('speaks HTTPS, follows its files, and drops no connection for it', async () => {
    await install('v1', 'one');
    await using serving = await CommandProcess.serve(testPipeline('conversation'), variables());
    const { url } = serving.api;
    expect(url).toMatch(/^https:\/\/127\.0\.0\.1:\d+\/$/);
    const before = await connectTo(url);
    const answer = await ask(before);
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(answer).toMatch(/\r\nstrict-transport-security: max-age=\d+\r\n/i);
    expect(await presented(url)).toBe('telefuser test one');

    await install('v2', 'two');
    await waitFor('the new certificate', async () => (await presented(url)) === 'telefuser test two');
    expect(await ask(before)).toMatch(/^HTTP\/1\.1 200 /);
    expect(before.getPeerCertificate().subject.CN).toBe('telefuser test one');
    before.destroy();

    await install('v3', 'one', 'two');
    await waitFor('the complaint', () => serving.command.stderr.includes('they do not fit together'));
    expect(await presented(url)).toBe('telefuser test two');
    await install('v4', 'one');
    await waitFor('the next good pair', async () => (await presented(url)) === 'telefuser test one');

    const log = serving.command.stderr + serving.command.stdout;
    for (const name of ['one', 'two']) {
      const key = await readFile(fixture(`${name}.key`), 'utf8');
      expect(log).not.toContain(key.split('\n')[1]);
      expect(new X509Certificate(await readFile(fixture(`${name}.crt`))).subject).toBe(`CN=telefuser test ${name}`);
    }
  });

  it.each([
    ['do not fit together', 'one', 'two', 'they do not fit together or are damaged'],
    ['are not there', 'none', 'none', 'ENOENT'],
  ])('does not start with files that %s, and says what to do', async (_what, cert, key, message) => {
    if (cert !== 'none') await install('v1', cert, key);
    const args = ['stream-serve', testPipeline('conversation'), '--host', '127.0.0.1', '--port', '0'];
    await using command = CommandProcess.spawn(args, variables());
    expect(await command.exitCode()).toBe(2);
    expect(command.stderr).toContain('TELEFUSER_TLS_CERT and TELEFUSER_TLS_KEY must be a certificate and its private key in PEM');
    expect(command.stderr).toContain(message);
  });
});
