import { setImmediate } from 'node:timers/promises';

import { afterEach, describe, expect, it, vi } from 'vitest';

import { VERSION } from '../common/index.js';
import { EXIT_CODES } from './exit-codes.js';
import { runCommand } from './run-command.js';
import type { ListeningServer, ProcessPort, Server } from './server.port.js';

class FakeProcess implements ProcessPort {
  out = '';
  err = '';
  readonly exits: number[] = [];
  readonly stdout = { write: (text: string) => (this.out += text) };
  readonly stderr = { write: (text: string) => (this.err += text) };
  private readonly listeners = new Map<string, (signal: NodeJS.Signals) => void>();

  on(signal: 'SIGTERM' | 'SIGINT', listener: (signal: NodeJS.Signals) => void): void {
    this.listeners.set(signal, listener);
  }

  exit(code: number): void {
    this.exits.push(code);
  }

  kill(signal: 'SIGTERM' | 'SIGINT'): void {
    this.listeners.get(signal)?.(signal);
  }
}

class FakeServer implements ListeningServer {
  readonly url = 'http://localhost:8088/';
  readonly pipeline = Promise.withResolvers<{ mode: string }>();
  readonly pipelineStarted = this.pipeline.promise;
  drained = Promise.withResolvers<void>();
  drains = 0;
  closes = 0;

  drain(): Promise<void> {
    this.drains += 1;
    return this.drained.promise;
  }

  async close(): Promise<void> {
    this.closes += 1;
    this.pipeline.reject(startError('crashed', 'stopped'));
  }
}

const startError = (kind: string, message: string): Error =>
  Object.assign(new Error(message), { name: 'PipelineStartError', kind });
const listenError = (code: string): Error => Object.assign(new Error('listen'), { code, syscall: 'listen' });
type Serve = Server['serve'];
const unloaded = (): Promise<never> => Promise.reject(new Error('the server must not be loaded for this'));
const unreachable: Server = { serve: unloaded, validate: unloaded, makeApiKey: unloaded, watch: unloaded, bench: unloaded };

/** Runs `stream-serve` with a server that is already there, and waits until its pipeline is awaited. */
async function start(
  args: string[] = [],
): Promise<{ process: FakeProcess; server: FakeServer; code: Promise<number>; serve: ReturnType<typeof vi.fn<Serve>> }> {
  const process = new FakeProcess();
  const server = new FakeServer();
  const serve = vi.fn<Serve>(() => Promise.resolve(server));
  // No session is open, unless a test says so.
  server.drained.resolve();
  const code = runCommand(['stream-serve', 'pipelines/demo', ...args], process, { ...unreachable, serve });
  await setImmediate();
  return { process, server, code, serve };
}

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('telefuser', () => {
  it('prints help with every exit code, and the version, without loading the server', async () => {
    for (const args of [['--help'], ['stream-serve', '--help'], ['validate', '-h'], ['new', '-h']]) {
      const process = new FakeProcess();
      expect(await runCommand(args, process, unreachable)).toBe(0);
      for (const { code, meaning } of Object.values(EXIT_CODES)) expect(process.out).toContain(`  ${code}  ${meaning}\n`);
      expect(process.err).toBe('');
    }
    const process = new FakeProcess();
    expect(await runCommand(['--version'], process, unreachable)).toBe(0);
    expect(process.out).toBe(`${VERSION}\n`);
  });

  it('ends wrong usage with 2 and one line', async () => {
    const process = new FakeProcess();
    expect(await runCommand(['bogus'], process, unreachable)).toBe(2);
    expect(process.err).toMatch(/^telefuser: [^\n]+\n$/u);
  });

  it('ends a bad configuration with 2, naming each variable in one line', async () => {
    vi.stubEnv('TELEFUSER_PROT', '1');
    vi.stubEnv('TELEFUSER_LOG_LEVEL', 'loud');
    const process = new FakeProcess();
    expect(await runCommand(['stream-serve', 'p'], process, unreachable)).toBe(2);
    expect(process.err).toMatch(/^telefuser: TELEFUSER_PROT .* TELEFUSER_PORT\?; TELEFUSER_LOG_LEVEL must be [^\n]+\n$/u);
  });
});

describe('telefuser stream-serve', () => {
  it("hands on the pipeline's options, workers and assets, which add to the variable's", async () => {
    vi.stubEnv('TELEFUSER_PIPELINE_ASSETS', '/models');
    const { process, code, serve } = await start(['--workers', '2', '--asset', 'a,b', '--asset', 'c', '-o', 'model=small']);
    expect(serve.mock.calls[0]?.[0]).toMatchObject({
      configuration: { pipelineWorkers: 2, pipelineAssets: ['/models', 'a,b', 'c'] },
      pipeline: { options: { model: 'small' } },
    });
    process.kill('SIGTERM');
    expect(await code).toBe(0);
  });

  it('names the flag that a value of is not allowed', async () => {
    for (const args of [
      ['--workers', '0'],
      ['--asset', ''],
    ]) {
      const process = new FakeProcess();
      expect(await runCommand(['stream-serve', 'p', ...args], process, unreachable)).toBe(2);
      expect(process.err).toContain(`telefuser: ${args[0]} must be`);
    }
  });

  it('says where the pipeline plays when it is ready, and ends with 0 on SIGTERM', async () => {
    const { process, server, code, serve } = await start(['--port', '9000', '-g', '2', '--skip-validation']);
    expect(serve.mock.calls[0]?.[0]).toMatchObject({
      configuration: { port: 9000 },
      pipeline: { path: 'pipelines/demo', skipValidation: true, gpuNum: 2, options: {} },
    });
    server.pipeline.resolve({ mode: 'server_push' });
    await setImmediate();
    expect(process.out).toBe('Ready: http://localhost:8088/ plays pipelines/demo (server push)\n');
    process.kill('SIGTERM');
    expect(await code).toBe(0);
    expect([server.drains, server.closes]).toEqual([1, 1]);
    expect(process.err).toBe('');
  });

  it('drains on SIGTERM, and closes when that is done', async () => {
    const { process, server, code } = await start();
    server.drained = Promise.withResolvers<void>();
    process.kill('SIGTERM');
    await setImmediate();
    expect([server.drains, server.closes]).toEqual([1, 0]);
    server.drained.resolve();
    expect(await code).toBe(0);
    expect([server.drains, server.closes]).toEqual([1, 1]);
  });

  it('does not drain on SIGINT', async () => {
    const { process, server, code } = await start();
    process.kill('SIGINT');
    expect(await code).toBe(0);
    expect([server.drains, server.closes]).toEqual([0, 1]);
  });

  it('names the variables of the management listener when it cannot listen', async () => {
    const error = Object.assign(new Error('taken'), {
      name: 'ManagementListenError',
      code: 'EADDRINUSE',
      host: '::1',
      port: 9090,
    });
    const process = new FakeProcess();
    const serve = vi.fn<Serve>().mockRejectedValue(error);
    expect(await runCommand(['stream-serve', 'p'], process, { ...unreachable, serve })).toBe(5);
    expect(process.err).toMatch(/^telefuser: port 9090 on ::1 is in use\. .* with TELEFUSER_MANAGEMENT_PORT\.\n$/u);
  });

  it('does not report a pipeline that is stopped while it starts', async () => {
    const { process, code } = await start();
    process.kill('SIGINT');
    expect(await code).toBe(0);
    expect(process.err).toBe('');
    expect(process.exits).toEqual([]);
  });

  it.each([
    ['refused', 6],
    ['not-found', 3],
    ['load-failed', 3],
    ['no-get-service', 3],
    ['neither-protocol', 3],
    ['start-failed', 4],
    ['start-timeout', 4],
    ['crashed', 4],
  ])('closes the server and ends a start failure of kind %s with %i and one line', async (kind, expected) => {
    const { process, server, code } = await start();
    server.pipeline.reject(startError(kind, 'It threw: a\nb. Do this.'));
    expect(await code).toBe(expected);
    expect(process.err).toBe('telefuser: It threw: a b. Do this.\n');
    expect(server.closes).toBe(1);
  });

  it('stays up after a start failure when it is told to', async () => {
    vi.stubEnv('TELEFUSER_EXIT_ON_START_FAILURE', 'false');
    const { process, server, code } = await start();
    server.pipeline.reject(startError('start-failed', 'It threw. Do this.'));
    await setImmediate();
    expect(process.err).toBe('telefuser: It threw. Do this.\n');
    expect(server.closes).toBe(0);
    process.kill('SIGTERM');
    expect(await code).toBe(0);
  });

  it.each([
    [
      listenError('EADDRINUSE'),
      5,
      'port 8088 on 0.0.0.0 is in use. Stop the program that uses it, or choose another port with --port.',
    ],
    [listenError('EACCES'), 5, 'may not be listened on. Choose a port above 1023'],
    [listenError('EADDRNOTAVAIL'), 5, '0.0.0.0 is no address of this machine. Choose one with --host'],
    [listenError('EMFILE'), 5, 'cannot be listened on (EMFILE). Choose another'],
    [startError('not-found', 'There is no pipeline at x. Give a path.'), 3, 'There is no pipeline at x. Give a path.'],
    [new Error('odd'), 1, 'unexpected error: odd. Set TELEFUSER_LOG_LEVEL=debug'],
    ['thrown text', 1, 'unexpected error: thrown text.'],
  ])('ends %s with %i and one line with a remedy', async (error, expected, line) => {
    const process = new FakeProcess();
    const serve = vi.fn<Serve>().mockRejectedValue(error);
    expect(await runCommand(['stream-serve', 'p'], process, { ...unreachable, serve })).toBe(expected);
    expect(process.err).toContain(line);
    expect(process.err).toMatch(/^telefuser: [^\n]+\n$/u);
  });

  it('shows the stack at the log level debug only', async () => {
    vi.stubEnv('TELEFUSER_LOG_LEVEL', 'debug');
    const process = new FakeProcess();
    await runCommand(['stream-serve', 'p'], process, { ...unreachable, serve: () => Promise.reject(new Error('odd')) });
    expect(process.err).toContain('    at ');
  });

  it('ends with 1 when closing fails', async () => {
    const { process, server, code } = await start();
    server.close = () => Promise.reject(new Error('stuck'));
    process.kill('SIGTERM');
    expect(await code).toBe(1);
    expect(process.err).toContain('stuck');
  });
});
