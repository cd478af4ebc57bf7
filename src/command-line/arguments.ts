import { API_KEY_ID, type ConfigurationFlag, isScope, parseInstant, type Scope, SCOPES, TENANT } from '../config/index.js';
import { type CommandName, COMMANDS, isCommand, PROGRAM_OPTIONS } from './commands.js';
import type { OptionDescription } from './option-description.js';
import { type Given, parse, suggestion, usage } from './given-arguments.js';
import { type BenchInvocation, parseBench, parseWatch, type WatchInvocation } from './viewer-arguments.js';

/** What the command line asks for. */
export type Invocation =
  | { readonly kind: 'help'; readonly command?: CommandName }
  | { readonly kind: 'version' }
  | {
      readonly kind: 'stream-serve';
      readonly pipelinePath: string;
      readonly flags: readonly ConfigurationFlag[];
      readonly skipValidation: boolean;
      readonly gpuNum: number;
      /** Paths beside those of `TELEFUSER_PIPELINE_ASSETS`. */
      readonly assets: readonly string[];
      readonly options: Readonly<Record<string, string>>;
    }
  | {
      readonly kind: 'validate';
      readonly pipelinePath: string;
      readonly flags: readonly ConfigurationFlag[];
      readonly json: boolean;
    }
  | { readonly kind: 'new'; readonly folder: string; readonly python: boolean }
  | {
      readonly kind: 'api-key';
      readonly tenant: string;
      readonly scopes: readonly Scope[];
      readonly id: string | undefined;
      readonly expiresAtMs: number | undefined;
    }
  | WatchInvocation
  | BenchInvocation;

const MAX_GPUS = 64;
const MAX_OPTIONS = 64;
const MAX_OPTION_CHARACTERS = 4096;
const OPTION_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/u;

/**
 * Reads the arguments that follow `telefuser`. Pure.
 *
 * @throws CommandError (`usage`) that says which argument is wrong.
 */
export function parseInvocation(args: readonly string[]): Invocation {
  const [first, ...rest] = args;
  if (first === undefined) throw usage('no command given');
  if (first.startsWith('-')) return parseProgramOptions(args);
  if (!isCommand(first)) {
    throw usage(`there is no command "${first}"${suggestion(first, Object.keys(COMMANDS))}`);
  }
  return parseCommand(first, rest);
}

function parseProgramOptions(args: readonly string[]): Invocation {
  const given = parse(args, PROGRAM_OPTIONS, undefined);
  const [command] = given.positionals;
  if (given.has('help')) return { kind: 'help', ...(command !== undefined && isCommand(command) ? { command } : {}) };
  if (given.has('version')) return { kind: 'version' };
  throw usage('no command given');
}

function parseCommand(command: CommandName, args: readonly string[]): Invocation {
  const { argument, options } = COMMANDS[command];
  const given = parse(args, options, command);
  if (given.has('help')) return { kind: 'help', command };
  const [target, ...extra] = given.positionals;
  if (target === undefined || target === '') throw usage(`no ${argument} given`, command);
  if (extra.length > 0) throw usage(`one ${argument} is taken, and "${extra.join(' ')}" is one argument too many`, command);
  switch (command) {
    case 'stream-serve':
      return {
        kind: command,
        pipelinePath: target,
        flags: configurationFlags(given, options),
        skipValidation: given.has('skip-validation'),
        gpuNum: parseGpuNum(given.all('gpu-num').at(-1) ?? '1'),
        assets: given.all('asset'),
        options: parseOptions(given.all('option')),
      };
    case 'validate':
      return { kind: command, pipelinePath: target, flags: configurationFlags(given, options), json: given.has('json') };
    case 'new':
      return { kind: command, folder: target, python: given.has('python') };
    case 'api-key':
      return parseApiKey(target, given);
    case 'watch':
      return parseWatch(target, given);
    case 'bench':
      return parseBench(target, given);
    default:
      return command satisfies never;
  }
}

/** Of an option that stands for a variable, the last one given counts. */
function configurationFlags(given: Given, options: Readonly<Record<string, OptionDescription>>): ConfigurationFlag[] {
  return Object.entries(options).flatMap(([name, { variable }]) => {
    const value = given.all(name).at(-1);
    return variable === undefined || value === undefined ? [] : [{ flag: `--${name}`, variable, value }];
  });
}

function parseApiKey(tenant: string, given: Given): Extract<Invocation, { kind: 'api-key' }> {
  const scopes = given.all('scope');
  const [id, expires] = [given.all('id').at(-1), given.all('expires').at(-1)];
  const expiresAtMs = expires === undefined ? undefined : parseInstant(expires);
  if (!TENANT.test(tenant)) throw usage('the tenant must be 1 to 128 printable characters without spaces', 'api-key');
  if (!scopes.every(isScope)) throw usage(`--scope must be one of ${SCOPES.join(', ')}`, 'api-key');
  if (id !== undefined && !API_KEY_ID.test(id)) throw usage('--id must be 4 to 32 letters and digits', 'api-key');
  if (Number.isNaN(expiresAtMs)) throw usage('--expires must be an instant such as 2027-01-31T00:00:00Z', 'api-key');
  return { kind: 'api-key', tenant, scopes: scopes.length === 0 ? SCOPES : [...new Set(scopes)], id, expiresAtMs };
}

function parseGpuNum(text: string): number {
  const gpuNum = /^\d{1,3}$/u.test(text) ? Number(text) : 0;
  if (gpuNum < 1 || gpuNum > MAX_GPUS) {
    throw usage(`--gpu-num must be a whole number from 1 to ${MAX_GPUS}, not "${text}"`, 'stream-serve');
  }
  return gpuNum;
}

function parseOptions(texts: readonly string[]): Readonly<Record<string, string>> {
  const options = new Map<string, string>();
  for (const text of texts) {
    const end = text.indexOf('=');
    const [name, value] = end < 0 ? [text, undefined] : [text.slice(0, end), text.slice(end + 1)];
    const shown = name.length > 70 ? `${name.slice(0, 70)}…` : name;
    if (value === undefined) throw usage(`-o takes name=value, and "${shown}" has no "="`, 'stream-serve');
    if (!OPTION_NAME.test(name)) {
      throw usage(
        `the name of an option is up to 64 letters, digits and underscores and begins with no digit, unlike "${shown}"`,
        'stream-serve',
      );
    }
    if (options.has(name)) throw usage(`the option "${name}" is given twice`, 'stream-serve');
    if (value.length > MAX_OPTION_CHARACTERS) {
      throw usage(`the option "${name}" has ${value.length} characters, and may have ${MAX_OPTION_CHARACTERS}`, 'stream-serve');
    }
    options.set(name, value);
  }
  if (options.size > MAX_OPTIONS)
    throw usage(`${options.size} options are given, and ${MAX_OPTIONS} are allowed`, 'stream-serve');
  // A map's entries, so that `__proto__` is a name like any other.
  return Object.fromEntries(options);
}
