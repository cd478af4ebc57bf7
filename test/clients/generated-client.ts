import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const DOCUMENT = join(ROOT, 'docs', 'clients.md');
/** Where the document's commands expect the server. */
const DOCUMENTED_SERVER = 'http://localhost:8088';
/** A first compilation of Go's library, or Maven's downloads. */
const COMMAND_TIMEOUT_MS = 300_000;
const OUTPUT_BYTES = 4 * 1024 * 1024;

/** Programs that the tests install (scripts/client-tools.mjs). */
export const CLIENT_TOOLS = join(ROOT, 'node_modules', '.cache', 'client-tools', 'bin');

/** Where Go's own installer puts it, which is in the PATH of a login shell only. */
const GO_FOLDER = '/usr/local/go/bin';
/** Where a program is looked for, in this order: the tools that the tests install come first. */
const PATH = [CLIENT_TOOLS, join(ROOT, 'node_modules', '.bin'), process.env['PATH'] ?? '', GO_FOLDER].join(delimiter);

/** Which of some programs are not installed, in words; undefined when all are. */
export function without(...programs: readonly string[]): string | undefined {
  const missing = programs.filter((program) => !PATH.split(delimiter).some((folder) => existsSync(join(folder, program))));
  return missing.length === 0 ? undefined : `needs ${missing.join(' and ')}`;
}

/** A folder with a client that was made as docs/clients.md says. It goes when it is disposed of. */
export class GeneratedClient implements AsyncDisposable {
  private constructor(readonly folder: string) {}

  /** Runs the commands of the document's section for a language, against a server. */
  static async make(language: 'Python' | 'TypeScript' | 'Go' | 'Java', server: string): Promise<GeneratedClient> {
    const client = new GeneratedClient(await mkdtemp(join(tmpdir(), 'telefuser-client-')));
    try {
      const commands = await documentedCommands(language);
      await client.run('bash', ['-euo', 'pipefail', '-c', commands.replaceAll(DOCUMENTED_SERVER, server.replace(/\/$/, ''))]);
      return client;
    } catch (error) {
      await client[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Runs a program in the folder, the tools first in its path, and resolves to what it printed; rejects when it fails. */
  async run(program: string, args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<string> {
    const { stdout } = await promisify(execFile)(program, args, {
      cwd: this.folder,
      env: { ...process.env, PATH, ...environment },
      timeout: COMMAND_TIMEOUT_MS,
      maxBuffer: OUTPUT_BYTES,
    });
    return stdout;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** The last shell block of a section: those before it install what the tests have. */
async function documentedCommands(language: string): Promise<string> {
  const [, section] = (await readFile(DOCUMENT, 'utf8')).split(`\n## ${language}\n`);
  const blocks = [...(section?.split('\n## ')[0] ?? '').matchAll(/^```sh\n([^]*?)^```/gm)].map(([, commands = '']) => commands);
  const last = blocks.at(-1);
  if (last === undefined) throw new Error(`docs/clients.md has no commands for ${language}`);
  return last;
}
