import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { waitFor } from './condition.ts';

const PROGRAM = '/usr/sbin/nginx';

/** nginx in front of some servers, on a port of 127.0.0.1, with nothing outside a folder of its own. */
export class Nginx implements AsyncDisposable {
  private constructor(
    readonly url: string,
    private readonly child: ChildProcess,
    private readonly folder: string,
  ) {}

  /** @param server what a `server` block of docs/operations.md holds, and `upstream` the one before it */
  static async start(port: number, upstream: string, server: string): Promise<Nginx> {
    const folder = await mkdtemp(join(tmpdir(), 'telefuser-nginx-'));
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
    for (const name of temporary) await mkdir(join(folder, name));
    const configuration = `
      daemon off;
      worker_processes 1;
      pid ${folder}/pid;
      error_log ${folder}/error.log info;
      events {}
      http {
        access_log off;
        ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join('\n')}
        ${upstream}
        server {
          listen 127.0.0.1:${port};
          ${server}
        }
      }`;
    const file = join(folder, 'nginx.conf');
    await writeFile(file, configuration);
    const child = spawn(PROGRAM, ['-p', folder, '-e', join(folder, 'error.log'), '-c', file], { stdio: 'ignore' });
    const nginx = new Nginx(`http://127.0.0.1:${port}/`, child, folder);
    try {
      await waitFor('nginx', async () => {
        if (child.exitCode !== null) throw new Error(`nginx ended: ${await nginx.errors()}`);
        const { promise, resolve } = Promise.withResolvers<boolean>();
        fetch(nginx.url, { signal: AbortSignal.timeout(1000) }).then(
          () => resolve(true),
          () => resolve(false),
        );
        return promise;
      });
      return nginx;
    } catch (error) {
      await nginx[Symbol.asyncDispose]();
      throw error;
    }
  }

  errors(): Promise<string> {
    return readFile(join(this.folder, 'error.log'), 'utf8');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const gone = once(this.child, 'exit');
      this.child.kill('SIGTERM');
      await gone;
    }
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
