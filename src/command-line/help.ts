import { type CommandDescription, type CommandName, COMMANDS, PROGRAM_OPTIONS } from './commands.js';
import type { OptionDescription } from './option-description.js';
import { EXIT_CODES } from './exit-codes.js';

/** Text of `--help` for the program or for one command. */
export function helpText(command?: CommandName): string {
  const sections = command === undefined ? programSections() : commandSections(command, COMMANDS[command]);
  const exits = Object.values(EXIT_CODES).map(({ code, meaning }) => `  ${code}  ${meaning}`);
  return `${[...sections, ['Exit codes:', ...exits]].map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

function programSections(): string[][] {
  const commands = Object.entries(COMMANDS).map(([name, { argument, summary }]) => [`${name} <${argument}>`, summary] as const);
  return [
    ['Usage: telefuser <command> [options]'],
    ['Commands:', ...columns(commands)],
    ['Options:', ...columns(optionRows(PROGRAM_OPTIONS))],
  ];
}

function commandSections(name: string, { argument, description, options, notes }: CommandDescription): string[][] {
  return [
    [`Usage: telefuser ${name} <${argument}> [options]`],
    [description],
    ['Options:', ...columns(optionRows(options))],
    ...(notes.length === 0 ? [] : [[...notes]]),
  ];
}

function optionRows(options: Readonly<Record<string, OptionDescription>>): (readonly [string, string])[] {
  return Object.entries(options).map(([name, { short, value, description }]) => {
    const long = `--${name}${value === undefined ? '' : ` <${value}>`}`;
    return [short === undefined ? `    ${long}` : `-${short}, ${long}`, description] as const;
  });
}

function columns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}
