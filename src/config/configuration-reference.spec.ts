import { readFile } from 'node:fs/promises';
import { parseEnv } from 'node:util';

import { describe, expect, it } from 'vitest';

import { Configuration } from './configuration.js';
import { renderConfigurationDocument, renderEnvExample, variableReferences } from './configuration-reference.js';
import { loadConfiguration } from './load-configuration.js';

const root = new URL('../../', import.meta.url);
const read = async (path: string): Promise<string> => readFile(new URL(path, root), 'utf8');

describe('the configuration documents', () => {
  it('are what the class says', async () => {
    await expect(renderEnvExample()).toMatchFileSnapshot('../../.env.example');
    await expect(renderConfigurationDocument()).toMatchFileSnapshot('../../docs/configuration.md');
  });

  it('give, in .env.example, every variable once with exactly its default', async () => {
    const uncommented = (await read('.env.example')).replaceAll(/^#(?=(?:TELEFUSER|OTEL)_)/gmu, '');
    const variables = parseEnv(uncommented);
    expect(Object.keys(variables).sort()).toEqual(
      variableReferences()
        .map(({ name }) => name)
        .sort(),
    );
    expect(loadConfiguration(variables)).toEqual(new Configuration());
  });

  it('give, in docs/configuration.md, every variable once with exactly its default', async () => {
    const rows = [
      ...(await read('docs/configuration.md')).matchAll(/^\| `((?:TELEFUSER|OTEL)_\w+)` +\| (?:`(.*?)`|unset) +\|/gmu),
    ];
    expect(rows.map(([, name, text]) => [name, text ?? ''])).toEqual(
      variableReferences().map(({ name, defaultText }) => [name, defaultText]),
    );
  });

  it('describe each variable in one full sentence', () => {
    for (const { description, allowed } of variableReferences()) {
      expect(description).toMatch(/^[A-Z].*\.$/u);
      expect(description).not.toContain('|');
      expect(allowed).not.toBe('');
    }
  });
});
