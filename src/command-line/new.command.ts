import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { Invocation } from './arguments.js';
import { CommandError } from './command.error.js';
import type { ExitReason } from './exit-codes.js';
import type { ProcessPort } from './server.port.js';

type New = Extract<Invocation, { kind: 'new' }>;

const TEMPLATES = fileURLToPath(new URL('../../templates/', import.meta.url));
/** What a template's text has in place of the pipeline's name. */
const PLACEHOLDER = '__NAME__';
/** What running a template in place leaves in it. */
const LEFT_OUT: ReadonlySet<string> = new Set(['node_modules', '__pycache__']);
const MAX_NAME_LENGTH = 214; // npm's limit

/**
 * Writes a pipeline that runs as it is into a new or empty folder.
 *
 * @throws CommandError when there is something in the folder already, or it cannot be written
 */
export async function newPipeline({ folder, python }: New, { stdout }: ProcessPort): Promise<ExitReason> {
  const target = resolve(folder);
  await refuseIfTaken(target, folder);
  const template = join(TEMPLATES, python ? 'python' : 'typescript');
  const files = await filesOf(template);
  const name = packageName(basename(target));
  try {
    for (const file of files) {
      const path = join(target, file);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, (await readFile(join(template, file), 'utf8')).replaceAll(PLACEHOLDER, name), { flag: 'wx' });
    }
  } catch (error) {
    throw cannotWrite(folder, error);
  }
  const argument = shellWord(folder);
  stdout.write(
    [
      `Made ${folder}: ${files.join(', ')}`,
      'Check it and serve it:',
      `  npx telefuser validate ${argument}`,
      `  npx telefuser stream-serve ${argument}`,
      '',
    ].join('\n'),
  );
  return 'ok';
}

async function refuseIfTaken(target: string, folder: string): Promise<void> {
  let entries: string[];
  try {
    entries = await readdir(target);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return;
    if (code === 'ENOTDIR')
      throw new CommandError('usage', `${folder} is no folder`, 'Name a new or an empty one.', { cause: error });
    throw cannotWrite(folder, error);
  }
  if (entries.length > 0) throw new CommandError('usage', `${folder} is not empty`, 'Name a new or an empty folder.');
}

function cannotWrite(folder: string, cause: unknown): CommandError {
  const { code = String(cause) } = cause as NodeJS.ErrnoException;
  return new CommandError('usage', `${folder} cannot be written (${code})`, 'Name a folder that you may write.', { cause });
}

async function filesOf(template: string): Promise<string[]> {
  const entries = await readdir(template, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(template, join(entry.parentPath, entry.name)))
    .filter((path) => !path.split('/').some((part) => LEFT_OUT.has(part)))
    .sort();
}

/** A name that npm takes, as like the folder's as can be. */
function packageName(folder: string): string {
  const name = folder
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/gu, '-')
    .replaceAll(/^[._-]+|[._-]+$/gu, '')
    .slice(0, MAX_NAME_LENGTH);
  return name === '' ? 'pipeline' : name;
}

function shellWord(text: string): string {
  return /^[\w./@:+-]+$/u.test(text) && !text.startsWith('-') ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
