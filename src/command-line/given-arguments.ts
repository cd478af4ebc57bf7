import { parseArgs, type ParseArgsOptionsConfig } from 'node:util';

import { nearestName } from '../config/index.js';
import { CommandError } from './command.error.js';
import type { CommandName } from './commands.js';
import type { OptionDescription } from './option-description.js';

/** The options and arguments that were given. */
export interface Given {
  readonly positionals: readonly string[];
  has(name: string): boolean;
  /** The values of an option, in their order. */
  all(name: string): readonly string[];
}

/** @throws CommandError (`usage`) */
export function parse(
  args: readonly string[],
  options: Readonly<Record<string, OptionDescription>>,
  command: CommandName | undefined,
): Given {
  const config: ParseArgsOptionsConfig = {};
  for (const [name, { short, value }] of Object.entries(options)) {
    config[name] = {
      type: value === undefined ? 'boolean' : 'string',
      multiple: true,
      ...(short === undefined ? {} : { short }),
    };
  }
  try {
    const { values, positionals } = parseArgs({ args: [...args], options: config, allowPositionals: true, strict: true });
    const all = (name: string): string[] => [values[name] ?? []].flat().filter((value) => typeof value === 'string');
    return { positionals, has: (name) => values[name] !== undefined, all };
  } catch (error) {
    // Node's own text goes on with advice of several sentences; its first one names the argument.
    const [what = ''] = (error as Error).message.split(/\.\s|\n/u);
    const unknown = /^Unknown option '(-+[^']*)'/u.exec(what)?.[1];
    const names = Object.keys(options).map((name) => `--${name}`);
    const near = unknown === undefined ? '' : suggestion(unknown, names);
    throw usage(`${what.charAt(0).toLowerCase()}${what.slice(1)}${near}`, command);
  }
}

/** `, did you mean …?` where one of the candidates is near. */
export function suggestion(name: string, candidates: readonly string[]): string {
  const nearest = nearestName(name, candidates);
  return nearest === undefined ? '' : `, did you mean ${nearest}?`;
}

export function usage(what: string, command?: CommandName): CommandError {
  return new CommandError(
    'usage',
    what.replace(/[.?]$/u, (end) => (end === '?' ? end : '')),
    `Run "telefuser ${command === undefined ? '' : `${command} `}--help" to see what it takes.`,
  );
}
