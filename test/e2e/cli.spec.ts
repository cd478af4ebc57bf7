import { createServer, type AddressInfo } from 'node:net';
import { readFile } from 'node:fs/promises';

import { describe, expect, it } from 'vitest';

import { waitFor } from '../support/condition.ts';
import { CommandProcess, isRunning, TemporaryPipeline, testPipeline } from '../support/server.ts';
import { WATCH, WeriftClient } from '../support/werift-client.ts';

/** Runs a command that is to fail, and returns its code and the line that it says. */
async function fail(
  args: readonly string[],
  environment?: Readonly<Record<string, string>>,
): Promise<{ code: number | null; line: string }> {
  await using command = CommandProcess.spawn(args, { TELEFUSER_LOG_LEVEL: 'error', ...environment });
  const code = await command.exitCode();
  const lines = command.stderr.split('\n').filter((line) => line.startsWith('telefuser: '));
  expect(lines, command.stderr).toHaveLength(1);
  return { code, line: lines[0] ?? '' };
}

/** The pipelines of the tests use packages, and end themselves when they are told to. */
const AS_IT_IS = { TELEFUSER_SECURITY_LEVEL: 'permissive' };

const serve = (path: string): string[] => ['stream-serve', path, '--host', '127.0.0.1', '--port', '0'];

/** Processes whose parent is `pid`. */
async function childrenOf(pid: number): Promise<number[]> {
  const list = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return list.split(' ').filter(Boolean).map(Number);
}

describe('telefuser', () => {
  it('prints help and its version on stdout', async () => {
    for (const [args, output] of [
      [['--help'], /^Usage: telefuser <command>[^]*stream-serve/],
      [['stream-serve', '--help'], /^Usage: telefuser stream-serve <pipeline>[^]*--security-level/],
      [['--version'], /^\d+\.\d+\.\d+\n$/],
    ] as const) {
      await using command = CommandProcess.spawn(args);
      expect(await command.exitCode()).toBe(0);
      expect(command.stdout).toMatch(output);
      expect(command.stderr).toBe('');
    }
  });

  it.each<[string, string[], Record<string, string>, number, RegExp]>([
    ['no command', [], {}, 2, /no command given/],
    ['an unknown command', ['stream-server', 'x'], {}, 2, /did you mean stream-serve/],
    ['an unknown flag', ['stream-serve', 'x', '--prot', '1'], {}, 2, /did you mean --port/],
    ['a port that is none', ['stream-serve', 'x', '--port', '99999'], {}, 2, /--port .*65535/],
    ['a security level that is none', ['stream-serve', 'x', '--security-level', 'lax'], {}, 2, /--security-level .*strict/],
    ['an unknown variable', serve('x'), { TELEFUSER_PROT: '1' }, 2, /TELEFUSER_PROT .*TELEFUSER_PORT/],
    ['a bad variable', serve('x'), { TELEFUSER_WEBRTC_MAX_SESSIONS: '0' }, 2, /TELEFUSER_WEBRTC_MAX_SESSIONS .*not "0"/],
    ['no such file', serve('/nowhere/at/all.ts'), {}, 3, /There is no pipeline at \/nowhere\/at\/all\.ts\. \S/],
    [
      'a host that is not ours',
      ['stream-serve', testPipeline('server-push'), '--host', '192.0.2.77', '--port', '0'],
      {},
      5,
      /192\.0\.2\.77 .*--host/,
    ],
  ])('says in one line what is wrong with %s, and what to do', async (_name, args, environment, code, line) => {
    const failure = await fail(args, environment);
    expect(failure.line).toMatch(line);
    expect(failure.code).toBe(code);
  });

  it.each<[string, string, number, RegExp]>([
    ['no getService', 'export const service = {};', 3, /no getService/],
    [
      'a service of neither protocol',
      'export const getService = () => ({ start() {} });',
      3,
      /neither serve .* nor createSession/,
    ],
    [
      'half a protocol',
      'export const getService = () => ({ createSession() {} });',
      3,
      /it lacks pushChunk, pullChunks, closeSession/,
    ],
    ['an error while it is loaded', `throw new Error('no weights');`, 3, /cannot be loaded: no weights/],
    [
      'a start() that throws',
      `export const getService = () => ({ start() { throw new Error('no GPU'); }, *serve() {} });`,
      4,
      /start\(\) threw: no GPU/,
    ],
    [
      'a start() that ends the process',
      'export const getService = () => ({ start() { process.exit(3); }, *serve() {} });',
      4,
      /exit code 3/,
    ],
  ])('ends when the pipeline has %s', async (_name, source, code, line) => {
    await using pipeline = await TemporaryPipeline.write(source);
    const failure = await fail(serve(pipeline.path), AS_IT_IS);
    expect(failure.line).toMatch(line);
    expect(failure.code).toBe(code);
  });

  it('says that the port is in use, and leaves no process behind', async () => {
    const taken = createServer();
    const { promise, resolve } = Promise.withResolvers<void>();
    taken.listen(0, '127.0.0.1', resolve);
    await promise;
    const { port } = taken.address() as AddressInfo;
    try {
      const failure = await fail(['stream-serve', testPipeline('server-push'), '--host', '127.0.0.1', '--port', String(port)]);
      expect(failure).toEqual({
        code: 5,
        line: expect.stringMatching(new RegExp(`^telefuser: port ${port} on 127\\.0\\.0\\.1 is in use\\. .*--port`)),
      });
    } finally {
      taken.close();
    }
  });

  it('stays up and answers 503 when TELEFUSER_EXIT_ON_START_FAILURE is false', async () => {
    await using pipeline = await TemporaryPipeline.write(
      `export const getService = () => ({ start() { throw new Error('no GPU'); }, *serve() {} });`,
    );
    await using command = CommandProcess.spawn(serve(pipeline.path), {
      TELEFUSER_EXIT_ON_START_FAILURE: 'false',
      TELEFUSER_LOG_LEVEL: 'error',
    });
    await waitFor('the failure to be told', () => command.stderr.includes('no GPU'));
    expect(command.child.exitCode).toBeNull();
    command.child.kill('SIGTERM');
    expect(await command.exitCode()).toBe(0);
  });

  it('tells its clients, stops the pipeline and ends with 0 at once on SIGINT', async () => {
    await using serving = await CommandProcess.serve(testPipeline('server-push'), AS_IT_IS);
    const { command, api } = serving;
    await using client = await WeriftClient.connect(api, WATCH, {
      script: [{ frames: { count: 2, format: 'I420', width: 64, height: 48, colour: [1, 2, 3] }, repeat: 0 }],
    });
    await waitFor('video', () => client.video.packets.length > 0);
    const hosts = await childrenOf(command.child.pid ?? 0);
    expect(hosts).toHaveLength(1);
    command.child.kill('SIGINT');
    expect((await client.message('closed', ({ type }) => type === 'closed', 3000)).reason).toBe('server_shutdown');
    expect(await command.exitCode(5000)).toBe(0);
    expect(hosts.filter(isRunning)).toEqual([]);
  });

  it('ends at once on a second signal, and takes the process of the pipeline with it', async () => {
    await using pipeline = await TemporaryPipeline.write(
      `export const getService = () => ({ stop: () => new Promise(() => setInterval(() => {}, 1000)), async *serve() {} });`,
    );
    await using serving = await CommandProcess.serve(pipeline.path);
    const { command } = serving;
    const hosts = await childrenOf(command.child.pid ?? 0);
    command.child.kill('SIGTERM');
    // A second signal counts from half a second on, since npm and a terminal send the first one several times: so does this test, until one counts.
    const began = performance.now();
    await waitFor('the command to end', () => !command.child.kill('SIGTERM') || command.child.exitCode !== null);
    expect(performance.now() - began).toBeGreaterThan(400);
    expect(await command.exitCode(3000)).toBe(143);
    await waitFor('the process of the pipeline to end', () => !hosts.some(isRunning), 3000);
  });

  it('leaves no process behind when it is killed itself', async () => {
    await using serving = await CommandProcess.serve(testPipeline('conversation'), AS_IT_IS);
    const { command } = serving;
    const hosts = await childrenOf(command.child.pid ?? 0);
    expect(hosts).toHaveLength(1);
    command.child.kill('SIGKILL');
    await command.exited;
    await waitFor('the process of the pipeline to end', () => !hosts.some(isRunning), 3000);
  });
});
