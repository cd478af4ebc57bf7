import { Configuration } from './configuration.js';
import { describeVariables } from './variable.decorators.js';

/** Everything the documents say of one variable. */
export interface VariableReference {
  readonly name: string;
  readonly description: string;
  /** What is accepted, in words that follow "must be". */
  readonly allowed: string;
  /** As one would write it in the environment; empty when the variable is unset by default. */
  readonly defaultText: string;
}

/** Every variable with its default: what `.env.example` and `docs/configuration.md` are made of. */
export function variableReferences(): readonly VariableReference[] {
  const defaults = new Configuration();
  return describeVariables().map(({ name, description, allowed, section, property }) => ({
    name,
    description,
    allowed,
    defaultText: asText(valueAt(section === undefined ? defaults : valueAt(defaults, section), property)),
  }));
}

/** The text of `.env.example`: each variable with a sentence, its bounds and its default. */
export function renderEnvExample(): string {
  const head = [
    '# Settings of the stream server. Copy this file to .env and change what you need; the defaults are shown.',
    '# A variable of the environment wins over this file, and a command line flag wins over both.',
    '# An empty value counts as unset. A TELEFUSER_ variable that is not listed here stops the start.',
  ];
  const entries = variableReferences().map(({ name, description, allowed, defaultText }) =>
    ['', `# ${description}`, `# Default: ${defaultText || 'unset'}. Allowed: ${allowed}.`, `#${name}=${defaultText}`].join('\n'),
  );
  return [...head, ...entries, ''].join('\n');
}

/** The text of `docs/configuration.md`. */
export function renderConfigurationDocument(): string {
  const rows = variableReferences().map(({ name, description, allowed, defaultText }) => [
    `\`${name}\``,
    defaultText === '' ? 'unset' : `\`${defaultText}\``,
    allowed,
    description,
  ]);
  return `${HEAD}\n${renderTable([['variable', 'default', 'allowed', 'what it decides'], ...rows])}\n`;
}

/** A Markdown table in the form that the formatter gives it: every column as wide as its widest cell. */
function renderTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`);
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [...lines.slice(0, 1), rule, ...lines.slice(1)].join('\n');
}

const HEAD = `# Configuration

Every setting is an environment variable. The server also reads a file \`.env\` in the directory it is started from
([.env.example](../.env.example) is a start). Who wins: a command line flag, then the environment, then \`.env\`, then the default.

- An empty value counts as unset. Choices may be written in any case.
- A \`TELEFUSER_*\` variable that is not in this table, or a value that is not allowed, stops the start with exit code 2 and one line that
  names the variable and what to change.
- The flags \`--host\`, \`--port\` and \`--security-level\` of \`telefuser stream-serve\` stand for \`TELEFUSER_HOST\`, \`TELEFUSER_PORT\` and
  \`TELEFUSER_SECURITY_LEVEL\`.

This table and \`.env.example\` are generated from the class \`Configuration\`; a test fails when they differ from it, and
\`npx vitest run src/config -u\` writes them again.
`;

function valueAt(object: unknown, property: string): unknown {
  return (object as Readonly<Record<string, unknown>>)[property];
}

function asText(value: unknown): string {
  if (value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
