import { readFile } from 'node:fs/promises';

import { readEnvironment } from '../config/index.js';
import { CommandError } from './command.error.js';

/** No `TELEFUSER_…` name: a server that is started in the same shell refuses those that it does not know. */
const TOKEN_VARIABLE = 'STREAM_TOKEN';
const MAX_TOKEN_CHARACTERS = 16_384;
const REMEDY = 'Give an API key, a JSON Web Token or a stream token, as it was given to you.';

/**
 * The credential from the command line, else from the file, else from the environment. It is never printed.
 *
 * @throws CommandError (`usage`) where it cannot be read, or can be none
 */
export async function viewerToken({
  token,
  tokenFile,
}: {
  readonly token: string | undefined;
  readonly tokenFile: string | undefined;
}): Promise<string | undefined> {
  const text = token ?? (tokenFile === undefined ? readEnvironment()[TOKEN_VARIABLE] : await read(tokenFile));
  const trimmed = text?.trim();
  if (trimmed === undefined || trimmed === '') return undefined;
  // What a header takes of a bearer token (RFC 6750 section 2.1).
  if (trimmed.length > MAX_TOKEN_CHARACTERS || !/^[\w.~+/-]+=*$/u.test(trimmed)) {
    throw new CommandError('usage', 'the token has characters that no token has, or is too long', REMEDY);
  }
  return trimmed;
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { code = String(error) } = error as NodeJS.ErrnoException;
    throw new CommandError('usage', `${path} cannot be read (${code})`, 'Name a file that you may read.', { cause: error });
  }
}
