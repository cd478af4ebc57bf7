import { readFile } from 'node:fs/promises';

import { describe, expect, it } from 'vitest';

import { parseInvocation } from './arguments.js';
import { COMMANDS, isCommand } from './commands.js';
import type { OptionDescription } from './option-description.js';
import { EXIT_CODES } from './exit-codes.js';

const DOCUMENT = '../../docs/command-line.md';
/** A comment, and the table below it. */
const MARKED = /(<!-- (exit codes|options of [\w-]+) -->\n)(?:\n(?:\|.*\n)+)?/gu;

/** The document with each table as the code says. */
function render(document: string): string {
  return document.replaceAll(MARKED, (_, comment: string, what: string) => `${comment}\n${table(rowsOf(what))}`);
}

function rowsOf(what: string): string[][] {
  if (what === 'exit codes') {
    return [['exit code', 'means'], ...Object.values(EXIT_CODES).map(({ code, meaning }) => [String(code), meaning])];
  }
  const name = what.replace('options of ', '');
  if (!isCommand(name)) throw new Error(`there is no command ${name}`);
  const options: Readonly<Record<string, OptionDescription>> = COMMANDS[name].options;
  return [
    ['option', 'does'],
    ...Object.entries(options).map(([option, { short, value, description }]) => {
      const long = `\`--${option}${value === undefined ? '' : ` <${value}>`}\``;
      return [short === undefined ? long : `\`-${short}\`, ${long}`, typed(description)];
    }),
  ];
}

/** What is to be typed as it is. */
function typed(text: string): string {
  return text.replaceAll(/\{"\S+\}|\bTELEFUSER_\w+|\b\w+=\w+/gu, '`$&`');
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = [0, 1].map((column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0)));
  const [head = [], ...body] = rows.map((cells) => cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)));
  const rule = widths.map((width) => '-'.repeat(width));
  return [head, rule, ...body].map((cells) => `| ${cells.join(' | ')} |\n`).join('');
}

/** The words of a shell's command, which may be in single quotes and go on in the next line. */
function shellWords(command: string): string[] {
  return [...command.replaceAll('\\\n', ' ').matchAll(/'([^']*)'|[^\s']+/gu)].map(([word, quoted]) => quoted ?? word);
}

describe('docs/command-line.md', () => {
  it('has every option and exit code as the program has it', async () => {
    const document = await readFile(new URL(DOCUMENT, import.meta.url), 'utf8');
    await expect(render(document)).toMatchFileSnapshot(DOCUMENT);
  });

  it('has a table of each command, and an example that the parser takes', async () => {
    const document = await readFile(new URL(DOCUMENT, import.meta.url), 'utf8');
    const tables = [...document.matchAll(MARKED)].map(([, , what = '']) => what);
    expect(tables.toSorted()).toEqual(['exit codes', ...Object.keys(COMMANDS).map((name) => `options of ${name}`)].toSorted());
    const examples = [...document.matchAll(/^npx telefuser ((?:.*\\\n)*.*)$/gmu)].map(([, words = '']) =>
      parseInvocation(shellWords(words)),
    );
    expect([...new Set(examples.map(({ kind }) => kind))].toSorted()).toEqual(Object.keys(COMMANDS).toSorted());
  });
});
