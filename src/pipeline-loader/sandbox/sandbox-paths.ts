import { readdir, realpath } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, relative, sep } from 'node:path';
import type { SecurityLevel } from '../../config/index.js';
import type { PipelineLanguage } from '../pipeline-file.js';
import { SandboxError } from './sandbox.error.js';
import type { SandboxPaths } from './sandbox-policy.js';

export interface SandboxPathsRequest {
  readonly level: Exclude<SecurityLevel, 'permissive'>;
  readonly language: PipelineLanguage;
  /** Real path of the entry module. */
  readonly entry: string;
  /** Absolute path of the folder that is the pipeline's own. */
  readonly folder: string;
  /** Absolute paths the operator opened to the pipeline. */
  readonly assets: readonly string[];
  /** What the Python interpreter reads; empty for Node. */
  readonly interpreterPaths: readonly string[];
  /** Folder of the server's package. */
  readonly serverRoot: string;
  /** Files with the server's secrets, which stay closed even in an open folder. */
  readonly secrets: readonly string[];
}

/** Libraries of the system, and the little that they read. None of it is anybody's secret. */
const SYSTEM_PATHS = [
  '/lib',
  '/lib32',
  '/lib64',
  '/usr/lib',
  '/usr/lib32',
  '/usr/lib64',
  '/usr/local/lib',
  '/usr/local/lib64',
  '/etc/ld.so.cache',
  '/etc/localtime',
  '/etc/mime.types',
  '/etc/ssl/openssl.cnf',
  '/etc/pki/tls/openssl.cnf',
  '/usr/share/zoneinfo',
  '/usr/share/locale',
  '/usr/share/fonts',
  '/proc/cpuinfo',
  '/proc/meminfo',
  // Not all of /proc/self: net, mountinfo and task tell of the machine.
  '/proc/self/maps',
  '/proc/self/stat',
  '/proc/self/statm',
  '/proc/self/status',
  '/sys/devices/system/cpu',
  '/sys/devices/system/node',
];

/** What libraries of graphics cards read besides; opened at `standard` where there is such a card. */
const GPU_PATHS = [
  '/proc/devices',
  '/proc/driver/nvidia',
  '/proc/modules',
  '/proc/self',
  '/sys/bus/pci',
  '/sys/class/drm',
  '/sys/class/kfd',
  '/sys/dev/char',
  '/sys/devices',
  '/sys/module',
  '/usr/local/cuda',
  '/usr/share/nvidia',
  '/usr/share/vulkan',
  '/etc/OpenCL',
  '/etc/vulkan',
];

/** Names in /dev of graphics cards: NVIDIA's, the direct rendering manager's, AMD's, WSL's. */
const GPU_DEVICES = /^(nvidia.*|dri|kfd|dxg)$/u;

/** Folders of the system that are nobody's own. */
const SHARED_FOLDERS: ReadonlySet<string> = new Set(
  [
    '',
    'bin',
    'boot',
    'dev',
    'etc',
    'home',
    'lib',
    'lib64',
    'media',
    'mnt',
    'opt',
    'proc',
    'root',
    'run',
    'sbin',
    'srv',
    'sys',
    'tmp',
  ]
    .concat(['usr', 'usr/local', 'usr/share', 'var', 'var/lib', 'var/tmp', 'Users'])
    .map((name) => `/${name}`),
);

/** The server's own files that run in the pipeline's process. */
const NODE_HOST_PARTS = ['package.json', 'dist/pipeline-loader', 'dist/common'];
const PYTHON_HOST_PARTS = ['python'];

/**
 * Finds what a sandboxed pipeline may read on this machine.
 *
 * Its folder is opened, unless that is the home of other things as well (a folder of the system, a user's home, a folder that holds the
 * server): then only the entry is, and a note says so. The server's secrets stay closed wherever they lie.
 *
 * @throws SandboxError when the entry lies outside the folder, or an asset does not exist or is a secret
 */
export async function findSandboxPaths(
  request: SandboxPathsRequest,
): Promise<SandboxPaths & { readonly notes: readonly string[] }> {
  const { level, language, entry, serverRoot } = request;
  const folder = await realpath(request.folder);
  if (!isWithin(entry, folder)) {
    throw new SandboxError(`${entry} lies outside the pipeline's folder ${folder}: put a copy there instead of a symlink`);
  }
  const isNode = language === 'node';
  const isOwn = !isShared(folder, await existing([serverRoot, ...homeFolders()]));
  const own = isOwn ? folder : entry;
  const secrets = await existing(request.secrets);
  const assets = await Promise.all(request.assets.map((path) => assetPath(path, secrets)));
  const modules = isNode ? await modulePaths(folder, level) : [];
  const host = (isNode ? NODE_HOST_PARTS : PYTHON_HOST_PARTS).map((part) => join(serverRoot, part));
  const gpuDevices = level === 'standard' ? await findGpuDevices() : [];
  const opened = await Promise.all([own, ...assets].map((path) => openBut(path, secrets)));
  return {
    readable: [
      ...opened.flatMap(({ readable }) => readable),
      ...modules,
      ...host,
      // An interpreter of the system has its libraries where the system has them, and says no more than /usr.
      ...request.interpreterPaths.filter((path) => !SHARED_FOLDERS.has(path)),
      ...SYSTEM_PATHS,
      ...(gpuDevices.length > 0 ? GPU_PATHS : []),
    ],
    listable: opened.flatMap(({ listable }) => listable),
    nodeReadable: isNode ? [own, ...assets, ...modules, ...host] : [],
    gpuDevices,
    notes: isOwn
      ? []
      : [
          `the pipeline may read only ${entry}, for ${folder} holds more than the pipeline: give it a folder of its own, or name files by --asset`,
        ],
  };
}

/** Whether a folder holds things that are not the pipeline's: one of the system's, a home, or one with a foreign folder in it. */
function isShared(folder: string, foreign: readonly string[]): boolean {
  return (
    SHARED_FOLDERS.has(folder) || ['/home', '/Users'].includes(dirname(folder)) || foreign.some((path) => isWithin(path, folder))
  );
}

/**
 * All of a file or folder but some files in it: Landlock can open and not close, so the folders above such a file are opened child by
 * child. A symlink among the children is none of them: it would open what it leads to.
 */
async function openBut(path: string, closed: readonly string[]): Promise<{ readable: string[]; listable: string[] }> {
  if (closed.includes(path)) return { readable: [], listable: [] };
  if (!closed.some((file) => isWithin(file, path))) return { readable: [path], listable: [] };
  const entries = (await readdir(path, { withFileTypes: true })).filter((entry) => !entry.isSymbolicLink());
  const children = await Promise.all(entries.map(({ name }) => openBut(join(path, name), closed)));
  return {
    readable: children.flatMap(({ readable }) => readable),
    listable: [path, ...children.flatMap(({ listable }) => listable)],
  };
}

/** Where Node looks for what a module imports: the manifest that says how modules are read, and at `standard` the packages of the folders above. */
async function modulePaths(folder: string, level: SandboxPathsRequest['level']): Promise<string[]> {
  const above = ancestors(folder);
  const manifests = await existing(above.map((path) => join(path, 'package.json')));
  const packages = level === 'standard' ? await existing(above.map((path) => join(path, 'node_modules'))) : [];
  return [...manifests.slice(0, 1), ...packages];
}

/** The folders above one, nearest first. */
function ancestors(folder: string): string[] {
  const parent = dirname(folder);
  return parent === folder ? [] : [parent, ...ancestors(parent)];
}

/** Those paths that exist, and what they point to where they are symlinks. */
async function existing(paths: readonly string[]): Promise<string[]> {
  const found = await Promise.all(
    paths.map(async (path) => {
      const real = await realpath(path).catch(() => undefined);
      return real === undefined || real === path ? [real] : [path, real];
    }),
  );
  return found.flat().filter((path) => path !== undefined);
}

async function assetPath(path: string, secrets: readonly string[]): Promise<string> {
  const real = await realpath(path).catch(() => undefined);
  if (real === undefined) {
    throw new SandboxError(`there is no asset at ${path}: correct --asset or TELEFUSER_PIPELINE_ASSETS`);
  }
  if (secrets.includes(real)) {
    throw new SandboxError(
      `${path} holds the server's secrets, which no pipeline may read: leave it out of --asset, copy what is needed`,
    );
  }
  return real;
}

async function findGpuDevices(): Promise<string[]> {
  const names = await readdir('/dev').catch(() => []);
  return names.filter((name) => GPU_DEVICES.test(name)).map((name) => `/dev/${name}`);
}

/** Whether a path is a folder or lies in it. */
function isWithin(path: string, folder: string): boolean {
  const inside = relative(folder, path);
  return inside === '' || (inside !== '..' && !inside.startsWith(`..${sep}`));
}

/** The home of whoever runs the server: none for a number that no user has, as in many containers. */
function homeFolders(): readonly string[] {
  try {
    return [homedir()];
  } catch {
    return [];
  }
}
