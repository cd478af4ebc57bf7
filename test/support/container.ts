import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { pidBehind } from './pid-namespace.ts';
import { within } from './condition.ts';
import { watchLogs } from './watched-logs.ts';

/** A volume of a container. */
export type Mount =
  | { readonly kind: 'empty'; readonly path: string; readonly sizeBytes: number }
  /** Files of a Secret or a ConfigMap. */
  | { readonly kind: 'files'; readonly path: string; readonly files: Readonly<Record<string, string>>; readonly mode: number };

/** What a container runtime is asked for; only the network is the machine's own. */
export interface ContainerSpec {
  readonly command: readonly string[];
  /** Nothing else is in its environment but PATH. */
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDirectory: string;
  readonly user: number;
  readonly group: number;
  /** The group of volumes. */
  readonly fsGroup: number;
  /** Files and folders of the image, by their path in it; each is there as it is on this machine, and cannot be written. */
  readonly image: Readonly<Record<string, string>>;
  readonly mounts: readonly Mount[];
}

/** Where an image's own programs lie, before those of the machine. */
export const PROGRAMS = '/image/bin';

const START = `
set -eu
root=$1
mount -t tmpfs -o mode=0755,size=64m container "$root"
cd "$root"
mkdir -p proc sys dev usr etc tmp var run
chmod 1777 tmp
# The distribution's programs and libraries; what they look for in /etc, and none of the machine's secrets.
mount --rbind /usr usr && mount -o remount,bind,ro usr
for name in bin lib lib64 sbin; do if [ -L "/$name" ]; then cp -P "/$name" .; elif [ -d "/$name" ]; then mkdir "$name"; mount -o bind,ro "/$name" "$name"; fi; done
for name in ld.so.cache ld.so.conf ld.so.conf.d nsswitch.conf hosts resolv.conf passwd group ssl alternatives fonts localtime; do
  if [ -e "/etc/$name" ]; then cp -a "/etc/$name" etc/; fi
done
mount -t proc -o nosuid,nodev,noexec proc proc
mount -o bind,ro /sys sys
for name in null zero full random urandom; do : > "dev/$name"; mount --bind "/dev/$name" "dev/$name"; done
mkdir dev/shm
mount -t tmpfs -o mode=1777,nosuid,nodev,noexec,size=64m shm dev/shm
`;

/** Why containers cannot be made here; undefined when they can. */
export const withoutContainers: string | undefined =
  spawnSync('unshare', ['--mount', '--pid', '--fork', '--mount-proc', 'true'], { stdio: 'ignore' }).status === 0 &&
  process.getuid?.() === 0
    ? undefined
    : 'needs root, and a kernel that allows namespaces';

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/**
 * A process as a container runtime starts it: PID 1 of namespaces of its own, another user, no capability and no way to any, on a file system that
 * cannot be written but for its volumes. The machine's programs stand in for the image's distribution.
 */
export class Container implements AsyncDisposable {
  private readonly exited: Promise<number>;
  private printed = '';

  private constructor(
    private readonly launcher: ChildProcess,
    private readonly folder: string,
  ) {
    for (const stream of [launcher.stdout, launcher.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => (this.printed = (this.printed + text).slice(-65_536)));
    }
    this.exited = new Promise((resolve) => {
      launcher.once('close', (code, signal) => resolve(signal === null ? (code ?? -1) : -1));
    });
  }

  static async start(spec: ContainerSpec): Promise<Container> {
    const folder = await mkdtemp(join(tmpdir(), 'telefuser-container-'));
    const root = join(folder, 'root');
    await mkdir(root);
    const lines = [START, ...(await imageLines(spec)), ...(await mountLines(spec, folder)), 'mount -o remount,ro "$root"'];
    const { user, group, fsGroup } = spec;
    const privileges = [
      ...[`--reuid=${user}`, `--regid=${group}`, `--groups=${fsGroup}`],
      ...['--inh-caps=-all', '--ambient-caps=-all', '--bounding-set=-all', '--no-new-privs'],
    ];
    const environment = Object.entries(spec.environment).map(([name, value]) => `${name}=${value}`);
    const path = `PATH=${PROGRAMS}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`;
    const command = [
      ...['chroot', root, 'setpriv', ...privileges],
      ...['env', '--ignore-environment', `--chdir=${spec.workingDirectory}`, path, ...environment, ...spec.command],
    ];
    lines.push(`exec ${command.map(quoted).join(' ')}`);
    const script = join(folder, 'start.sh');
    await writeFile(script, lines.join('\n'));
    const launcher = spawn('unshare', ['--mount', '--pid', '--fork', '--ipc', '--uts', 'sh', script, root], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    watchLogs(launcher, spec.environment);
    return new Container(launcher, folder);
  }

  /** What it printed, the last 64 KiB. */
  get log(): string {
    return this.printed;
  }

  /** The process id of its PID 1 outside. */
  pid(): Promise<number> {
    return pidBehind(this.launcher.pid ?? -1);
  }

  /** Sends its PID 1 a signal, as a runtime does, and resolves to its exit code. */
  async stop(signal: NodeJS.Signals = 'SIGTERM', timeoutMs = 15_000): Promise<number> {
    process.kill(await this.pid(), signal);
    return within(`the container to end; it printed ${this.printed}`, this.exited, timeoutMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // With PID 1 all of its namespace ends, and with the last process its mounts go. That it dies with the launcher is lost when it becomes another user.
    if (this.launcher.exitCode === null && this.launcher.signalCode === null) {
      process.kill(await this.pid(), 'SIGKILL');
      await this.exited;
    }
    await rm(this.folder, { recursive: true, force: true });
  }
}

async function imageLines({ image }: ContainerSpec): Promise<string[]> {
  const lines: string[] = [];
  for (const [path, source] of Object.entries(image)) {
    const target = `"$root"${quoted(path)}`;
    const isFolder = (await stat(source)).isDirectory();
    lines.push(isFolder ? `mkdir -p ${target}` : `mkdir -p "$root"${quoted(dirname(path))}; : > ${target}`);
    lines.push(`mount -o bind,ro ${quoted(source)} ${target}`);
  }
  return lines;
}

async function mountLines({ mounts, fsGroup }: ContainerSpec, folder: string): Promise<string[]> {
  const lines: string[] = [];
  for (const [index, mount] of mounts.entries()) {
    const target = `"$root"${quoted(mount.path)}`;
    lines.push(`mkdir -p ${target}`);
    if (mount.kind === 'empty') {
      lines.push(`mount -t tmpfs -o mode=2777,gid=${fsGroup},size=${mount.sizeBytes},nosuid,nodev volume ${target}`);
    } else {
      const source = join(folder, `volume-${index}`);
      await writeVolume(source, mount.files);
      lines.push(`chown -R 0:${fsGroup} ${quoted(source)}; chmod ${mount.mode.toString(8)} ${quoted(source)}/..data/*`);
      lines.push(`mount -o bind,ro ${quoted(source)} ${target}`);
    }
  }
  return lines;
}

/** As the kubelet lays out a Secret: each file is a link through `..data`, which is what it replaces when the Secret changes. */
async function writeVolume(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  const generation = `..${createHash('sha256').update(JSON.stringify(files)).digest('hex').slice(0, 16)}`;
  await mkdir(join(folder, generation), { recursive: true });
  for (const [name, content] of Object.entries(files)) {
    await writeFile(join(folder, generation, name), content);
    await symlink(join('..data', name), join(folder, name));
  }
  await symlink(generation, join(folder, '..data'));
}
