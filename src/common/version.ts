import { readFileSync } from 'node:fs';

/** The server's version (semver), from `package.json`; the file lies two folders up from here, in `src` as in `dist`. */
export const VERSION: string = readVersion();

function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  const { version } = manifest as { version?: unknown };
  if (typeof version !== 'string') throw new Error('package.json has no version');
  return version;
}
