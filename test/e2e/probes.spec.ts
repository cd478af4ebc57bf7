import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { ApiClient } from '../support/api-client.ts';
import { waitFor } from '../support/condition.ts';
import { freePort } from '../support/free-port.ts';
import { FakeKubelet, type PodSpec } from '../support/kubelet.ts';
import { CommandProcess, TemporaryPipeline, testPipeline } from '../support/server.ts';
import { WATCH, WeriftClient } from '../support/werift-client.ts';

/** As in a manifest, a hundred times quicker; the timeout is for a machine that runs other tests. */
const POD: PodSpec = {
  startup: { path: 'startupz', periodMs: 100, timeoutMs: 2000, failureThreshold: 300 },
  liveness: { path: 'livez', periodMs: 100, timeoutMs: 2000, failureThreshold: 3 },
  readiness: { path: 'readyz', periodMs: 50, timeoutMs: 2000, failureThreshold: 1 },
};

/** A server in a container: its ports stay when it is started again. */
class Container {
  readonly kubelet: FakeKubelet;
  readonly api: ApiClient;

  private constructor(
    readonly command: CommandProcess,
    private readonly ports: readonly [api: number, management: number],
  ) {
    this.api = new ApiClient(`http://127.0.0.1:${ports[0]}/`);
    this.kubelet = new FakeKubelet(`http://127.0.0.1:${ports[1]}/`, POD).begin();
  }

  static async run(
    pipeline: string,
    environment: Readonly<Record<string, string>> = {},
    ports?: readonly [number, number],
  ): Promise<Container> {
    const [port, managementPort] = ports ?? [await freePort(), await freePort()];
    const command = CommandProcess.spawn(['stream-serve', pipeline, '--host', '127.0.0.1', '--port', String(port)], {
      TELEFUSER_MANAGEMENT_PORT: String(managementPort),
      TELEFUSER_SECURITY_LEVEL: 'permissive',
      TELEFUSER_LOG_LEVEL: 'error',
      ...environment,
    });
    return new Container(command, [port, managementPort]);
  }

  /** Kubernetes' way to restart a container: SIGTERM, and the next one on the same ports when it is gone. */
  async restart(pipeline: string): Promise<{ readonly code: number | null; readonly next: Container }> {
    this.command.child.kill('SIGTERM');
    const code = await this.command.exitCode();
    return { code, next: await Container.run(pipeline, {}, this.ports) };
  }

  async pipelinePid(): Promise<number> {
    const { workers } = (await this.api.get('v1/service/metadata')).body as { workers?: { pid?: number }[] };
    return workers?.[0]?.pid ?? -1;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kubelet[Symbol.asyncDispose]();
    await this.command[Symbol.asyncDispose]();
  }
}

describe('a kubelet', () => {
  it('waits for a model that takes its time, and sees how far it is', async () => {
    await using pipeline = await TemporaryPipeline.write(`
      import { existsSync } from 'node:fs';
      const go = new URL('./go', import.meta.url);
      export const getService = () => ({
        async start() { while (!existsSync(go)) await new Promise((resolve) => setTimeout(resolve, 20)); },
        async *serve() {},
      });
    `);
    await using container = await Container.run(pipeline.path);
    const { kubelet } = container;
    const progress = (): number[] =>
      kubelet.of('startup').flatMap(({ body }) => {
        const { pipeline: down } = (body['error'] ?? {}) as { pipeline?: { elapsed_seconds?: number } };
        return down?.elapsed_seconds ?? [];
      });
    await waitFor('ten answers', () => new Set(progress()).size >= 10);
    expect(kubelet.of('startup').at(-1)).toMatchObject({
      status: 503,
      body: {
        detail: 'The pipeline is still starting.',
        error: { pipeline: { status: 'down', timeout_seconds: 600, workers: ['starting'] } },
      },
    });
    expect(progress()).toEqual(progress().toSorted((one, other) => one - other));
    expect(kubelet.decisions).toEqual([]);
    await writeFile(join(dirname(pipeline.path), 'go'), '');
    await kubelet.decided('started', 'ready');
    expect(kubelet.of('startup').at(-1)).toMatchObject({
      status: 200,
      body: { details: { pipeline: { start_seconds: expect.any(Number) as number } } },
    });
  });

  it('takes a pipeline that hangs out of service until it is started again, and kills nothing', async () => {
    await using container = await Container.run(testPipeline('conversation'), {
      TELEFUSER_PIPELINE_HANG_TIMEOUT_SECONDS: '1',
      TELEFUSER_PIPELINE_RESTART_DELAY_SECONDS: '0.5',
    });
    const { kubelet, api } = container;
    await kubelet.decided('started', 'ready');
    await using client = await WeriftClient.connect(api, WATCH);
    client.send({ script: [{ spin: 60_000 }] });
    await kubelet.decided('started', 'ready', 'unready', 'ready');
    const unready = kubelet.of('readiness').find(({ status }) => status === 503);
    expect(unready?.body['detail']).toMatch(/^The pipeline is being started again: .*did not answer for 1 s/u);
    expect(new Set(kubelet.of('liveness').map(({ status }) => status))).toEqual(new Set([200]));
  });

  it('does the same when it crashes, and restarts the container when it was given up', async () => {
    const pipeline = testPipeline('conversation');
    await using container = await Container.run(pipeline, {
      TELEFUSER_PIPELINE_MAX_FAILURES: '2',
      TELEFUSER_PIPELINE_RESTART_DELAY_SECONDS: '0.5',
    });
    const { kubelet } = container;
    await kubelet.decided('started', 'ready');
    process.kill(await container.pipelinePid(), 'SIGKILL');
    await kubelet.decided('started', 'ready', 'unready', 'ready');
    expect(new Set(kubelet.of('liveness').map(({ status }) => status))).toEqual(new Set([200]));

    process.kill(await container.pipelinePid(), 'SIGKILL');
    await kubelet.decided('started', 'ready', 'unready', 'ready', 'unready', 'kill');
    expect(kubelet.of('liveness').at(-1)).toMatchObject({
      status: 503,
      body: {
        detail: expect.stringContaining('down after 2 failures in a row') as string,
        error: { pipeline_supervisor: { status: 'down' } },
      },
    });
    const { code, next } = await container.restart(pipeline);
    await using restarted = next;
    expect(code).toBe(0);
    await restarted.kubelet.decided('started', 'ready');
  });

  it('sends no more requests to a server that drains, and leaves it alone until it has ended', async () => {
    await using container = await Container.run(testPipeline('conversation'), { TELEFUSER_WEBRTC_MAX_SESSIONS: '1' });
    const { kubelet, api, command } = container;
    await kubelet.decided('started', 'ready');
    await using client = await WeriftClient.connect(api, WATCH);
    // Its one slot is taken, and that alone is no reason to be taken out of service.
    expect((await api.offer({})).body).toMatchObject({ code: 'max-sessions' });
    const ready = kubelet.of('readiness').length;
    await waitFor('readiness to be asked again', () => kubelet.of('readiness').length >= ready + 3);
    expect(kubelet.decisions).toEqual(['started', 'ready']);
    command.child.kill('SIGTERM');
    await kubelet.decided('started', 'ready', 'unready');
    const before = kubelet.of('liveness').length;
    await waitFor('liveness to be asked again', () => kubelet.of('liveness').length >= before + 5);
    expect(kubelet.of('readiness').at(-1)).toMatchObject({ status: 503, body: { error: { drain: { status: 'down' } } } });
    expect(new Set(kubelet.of('liveness').map(({ status }) => status))).toEqual(new Set([200]));
    expect(kubelet.decisions).toEqual(['started', 'ready', 'unready']);
    client.send({ type: 'stop' });
    expect(await command.exitCode()).toBe(0);
  });
});
