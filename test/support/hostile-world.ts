import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { once } from 'node:events';
import { cp, lstat, mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { Facts, Misdeed } from '../pipelines/hostile/misdeed.ts';

const SOURCES = fileURLToPath(new URL('../pipelines/hostile/', import.meta.url));
const SERVER_DIST = fileURLToPath(new URL('../../dist', import.meta.url));

/** What nobody but the server and its operator may know. */
export const SECRET = 'the-server-s-own-secret';

type Language = 'node' | 'python';

/**
 * A pipeline of misdeeds, and everything around it that they could reach: a `.env` beside it, a folder that is not its own, listeners. It
 * sees whether any of that was touched. Lies in a temporary folder that goes with it.
 */
export class HostileWorld implements AsyncDisposable {
  private readonly calls: string[] = [];
  readonly folder: string;
  readonly entry: string;
  private readonly outside: string;
  private readonly servers: Server[] = [];
  private datagrams: DatagramSocket | undefined;
  private before: readonly string[] = [];

  private constructor(
    private readonly root: string,
    private readonly language: Language,
  ) {
    this.folder = join(root, 'pipeline');
    this.outside = join(root, 'outside');
    this.entry = join(this.folder, language === 'node' ? 'pipeline.mjs' : 'pipeline.py');
  }

  static async make(language: Language, misdeeds: readonly Misdeed[]): Promise<HostileWorld> {
    const world = new HostileWorld(await realpath(await mkdtemp(join(tmpdir(), 'telefuser-hostile-'))), language);
    await world.writePipeline(misdeeds);
    await mkdir(world.outside);
    await writeFile(join(world.outside, 'file'), 'outside');
    await symlink(join(world.outside, 'file'), join(world.folder, 'link'));
    await writeFile(join(world.folder, '.env'), `HOSTILE_SECRET=${SECRET}\n`);
    await world.listen();
    world.before = await world.state();
    return world;
  }

  /** For the orders to a pipeline. */
  facts(serverPid: number): Facts {
    const [tcp] = this.servers.map((server) => server.address() as AddressInfo);
    return {
      serverPid,
      envFile: join(this.folder, '.env'),
      outside: this.outside,
      outsideFile: join(this.outside, 'file'),
      folder: this.folder,
      entry: this.entry,
      link: join(this.folder, 'link'),
      serverDist: SERVER_DIST,
      tcpPort: tcp?.port ?? 0,
      udpPort: this.datagrams?.address().port ?? 0,
      unixSocket: join(this.root, 'socket'),
      abstractSocket: this.abstractName,
    };
  }

  /** What is not as it was, in words, and who called since it was asked last; empty when nothing was touched. */
  async harm(serverPid: number): Promise<string[]> {
    const now = [...(await this.state()), ...(await serverState(serverPid))];
    const expected = [...this.before, ...(await serverState(process.pid))];
    const changed = now.filter((line) => !expected.includes(line)).map((line) => `now: ${line}`);
    const gone = expected.filter((line) => !now.includes(line)).map((line) => `gone: ${line}`);
    return [...this.calls.splice(0), ...changed, ...gone];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.servers) server.close();
    this.datagrams?.close();
    await rm(this.root, { recursive: true, force: true });
  }

  private get abstractName(): string {
    return `\0${this.root}`;
  }

  private async writePipeline(misdeeds: readonly Misdeed[]): Promise<void> {
    await mkdir(this.folder);
    await cp(join(SOURCES, this.language === 'node' ? 'pipeline.mjs' : 'pipeline.py'), this.entry);
    const names = misdeeds.map((_, index) => moduleName(index));
    for (const [index, { source }] of misdeeds.entries()) {
      await writeFile(join(this.folder, misdeedFile(index, this.language)), `${source.trimStart()}\n`);
    }
    if (this.language === 'node') {
      const imports = names.map((name) => `import ${name} from './${name}.mjs';\n`);
      const members = names.map((name, index) => `  ${JSON.stringify(misdeeds[index]?.name)}: ${name},\n`);
      await writeFile(
        join(this.folder, 'misdeeds.mjs'),
        `${imports.join('')}\nexport const misdeeds = {\n${members.join('')}};\n`,
      );
    } else {
      const imports = names.map((name) => `import ${name}\n`);
      const members = names.map((name, index) => `    ${JSON.stringify(misdeeds[index]?.name)}: ${name}.misdeed,\n`);
      await writeFile(join(this.folder, 'misdeeds.py'), `${imports.join('')}\nMISDEEDS = {\n${members.join('')}}\n`);
    }
  }

  private async listen(): Promise<void> {
    for (const [kind, address] of [
      ['TCP', { port: 0, host: '127.0.0.1' }],
      ['Unix', { path: join(this.root, 'socket') }],
      ['abstract', { path: this.abstractName }],
    ] as const) {
      const server = createServer((socket) => {
        this.calls.push(`a connection to the ${kind} listener`);
        socket.destroy();
      });
      this.servers.push(server);
      await once(server.listen(address), 'listening');
    }
    this.datagrams = createSocket('udp4', () => this.calls.push('a datagram'));
    this.datagrams.bind(0, '127.0.0.1');
    await once(this.datagrams, 'listening');
  }

  /** Every file of the folders with what can be changed of it, and files that misdeeds would make elsewhere. */
  private async state(): Promise<string[]> {
    const strays = ['/tmp/telefuser-hostile', join(SERVER_DIST, 'hostile.js'), join(SERVER_DIST, 'pipeline-loader/hostile.js')];
    const inside = await Promise.all(
      [this.folder, this.outside].map(async (folder) => (await readdir(folder)).map((name) => join(folder, name))),
    );
    const lines = await Promise.all([...inside.flat(), ...strays].map(fileState));
    return lines.filter((line) => line !== undefined);
  }
}

/** Name of a misdeed's file, which findings of the check name. */
export function misdeedFile(index: number, language: Language): string {
  return `${moduleName(index)}.${language === 'node' ? 'mjs' : 'py'}`;
}

function moduleName(index: number): string {
  return `misdeed_${index}`;
}

async function fileState(path: string): Promise<string | undefined> {
  try {
    const { mode, mtimeMs, size, uid } = await lstat(path);
    return `${path} mode ${mode.toString(8)}, owner ${uid}, ${size} bytes, of ${mtimeMs}`;
  } catch {
    return undefined;
  }
}

/** What a misdeed could do to the server's process: stop it, slow it down, limit it. */
async function serverState(pid: number): Promise<string[]> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ') X');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state = 'X'] = fields;
  const limits = await readFile(`/proc/${pid}/limits`, 'utf8').catch(() => '');
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return [
    `the server ${'XZTt'.includes(state) ? 'is stopped or gone' : 'runs'}`,
    `the server's priority is ${fields[16]}`,
    `the server's limit is ${/^Max open files.*$/mu.exec(limits)?.[0]}`,
    `the server's processors are ${/^Cpus_allowed_list.*$/mu.exec(status)?.[0]}`,
  ];
}
