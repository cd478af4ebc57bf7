import { parseArgs } from 'node:util';

import { type ConfigurationFlag, nearestName } from '../config/index.js';
import { CommandError } from './command.error.js';

/** What the command line asks for. */
export type Invocation =
  | { readonly kind: 'help'; readonly command: 'telefuser' | 'stream-serve' }
  | { readonly kind: 'version' }
  | {
      readonly kind: 'stream-serve';
      readonly pipelinePath: string;
      readonly flags: readonly ConfigurationFlag[];
      readonly skipValidation: boolean;
      readonly gpuNum: number;
    };

const OPTIONS = {
  port: { type: 'string', short: 'p' },
  host: { type: 'string' },
  'security-level': { type: 'string' },
  'skip-validation': { type: 'boolean' },
  'gpu-num': { type: 'string', short: 'g' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean' },
} as const;

/** Flags that stand for a configuration variable; its class knows what is allowed. */
const VARIABLE_OF_FLAG = {
  port: 'TELEFUSER_PORT',
  host: 'TELEFUSER_HOST',
  'security-level': 'TELEFUSER_SECURITY_LEVEL',
} as const;
const COMMANDS = ['stream-serve'] as const;
const MAX_GPUS = 64;

/**
 * Reads the arguments that follow `telefuser`. Pure.
 *
 * @throws CommandError (`usage`) that says which argument is wrong.
 */
export function parseInvocation(args: readonly string[]): Invocation {
  const { values, positionals } = parse(args);
  const [command, pipelinePath, ...extra] = positionals;
  if (values.help === true) return { kind: 'help', command: command === 'stream-serve' ? 'stream-serve' : 'telefuser' };
  if (values.version === true) return { kind: 'version' };
  if (command === undefined) throw usage('no command given', 'telefuser --help');
  if (command !== 'stream-serve') {
    const nearest = nearestName(command, COMMANDS);
    throw usage(
      `there is no command "${command}"${nearest === undefined ? '' : `, did you mean ${nearest}?`}`,
      'telefuser --help',
    );
  }
  if (pipelinePath === undefined || pipelinePath === '') throw usage('no pipeline given');
  if (extra.length > 0) throw usage(`one pipeline is served, and "${extra.join(' ')}" is one argument too many`);
  return {
    kind: 'stream-serve',
    pipelinePath,
    flags: Object.entries(VARIABLE_OF_FLAG).flatMap(([name, variable]) => {
      const value = values[name as keyof typeof VARIABLE_OF_FLAG];
      return value === undefined ? [] : [{ flag: `--${name}`, variable, value }];
    }),
    skipValidation: values['skip-validation'] ?? false,
    gpuNum: parseGpuNum(values['gpu-num'] ?? '1'),
  };
}

type Values = ReturnType<typeof parseStrictly>;

function parseStrictly(args: readonly string[]) {
  return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true, strict: true });
}

function parse(args: readonly string[]): Values {
  try {
    return parseStrictly(args);
  } catch (error) {
    // Node's own text goes on with advice of several sentences; its first one names the argument.
    const [what = ''] = (error as Error).message.split(/\.\s|\n/u);
    const unknown = /^Unknown option '(-+[^']*)'/u.exec(what)?.[1];
    const names = Object.keys(OPTIONS).map((name) => `--${name}`);
    const nearest = unknown === undefined ? undefined : nearestName(unknown, names);
    throw usage(`${what.charAt(0).toLowerCase()}${what.slice(1)}${nearest === undefined ? '' : `, did you mean ${nearest}?`}`);
  }
}

function parseGpuNum(text: string): number {
  const gpuNum = /^\d{1,3}$/u.test(text) ? Number(text) : 0;
  if (gpuNum < 1 || gpuNum > MAX_GPUS) throw usage(`--gpu-num must be a whole number from 1 to ${MAX_GPUS}, not "${text}"`);
  return gpuNum;
}

function usage(what: string, help = 'telefuser stream-serve --help'): CommandError {
  return new CommandError(
    'usage',
    what.replace(/[.?]$/u, (end) => (end === '?' ? end : '')),
    `Run "${help}" to see what it takes.`,
  );
}
