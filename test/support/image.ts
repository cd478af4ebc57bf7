import { existsSync, readFileSync } from 'node:fs';
import { basename, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';

import { PROGRAMS } from './container.ts';
import { copyOf, lastOf, lineage, parseDockerfile } from './dockerfile.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** What a container of the image is made of, as the Dockerfile says and without building it. */
export interface Image {
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly user: string;
  readonly workingDirectory: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Where each of its files and folders lies on this machine, by its path in the image. */
  readonly files: Readonly<Record<string, string>>;
}

/** Reads the Dockerfile for one of its targets. What its other stages make (`dist`, dependencies) is taken from the clone. */
export function imageOf(target: string): Image {
  const instructions = lineage(parseDockerfile(readFileSync(join(ROOT, 'Dockerfile'), 'utf8')).stages, target);
  const workingDirectory = lastOf(instructions, 'WORKDIR') ?? '/';
  const files: Record<string, string> = { [`${PROGRAMS}/node`]: process.execPath };
  for (const instruction of instructions.filter(({ name }) => name === 'COPY')) {
    const { sources, target: place } = copyOf(instruction);
    for (const source of sources) {
      const name = place === './' ? basename(source) : place;
      const path = posix.join(workingDirectory, name);
      if (name === 'node_modules') Object.assign(files, productionPackages(path));
      else files[path] = join(ROOT, source.replace(/^\/app\//u, ''));
    }
  }
  return {
    entrypoint: JSON.parse(lastOf(instructions, 'ENTRYPOINT') ?? '[]') as string[],
    command: JSON.parse(lastOf(instructions, 'CMD') ?? '[]') as string[],
    user: lastOf(instructions, 'USER') ?? '',
    workingDirectory,
    environment: Object.fromEntries(
      instructions.filter(({ name }) => name === 'ENV').map(({ rest }) => rest.split('=', 2) as [string, string]),
    ),
    files,
  };
}

/** The packages that `npm install --omit=dev` installs here: those of the lock file that are not for development only. */
function productionPackages(folder: string): Record<string, string> {
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: Readonly<Record<string, { readonly dev?: boolean }>>;
  };
  return Object.fromEntries(
    Object.entries(packages)
      .filter(([path, { dev }]) => /^node_modules\/(@[^/]+\/)?[^/]+$/u.test(path) && dev !== true && existsSync(join(ROOT, path)))
      .map(([path]) => [posix.join(folder, path.slice('node_modules/'.length)), join(ROOT, path)]),
  );
}
