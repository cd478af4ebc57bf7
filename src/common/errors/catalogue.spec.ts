import { readFile } from 'node:fs/promises';

import { describe, expect, it } from 'vitest';

import { PROBLEM_CATALOGUE, PROBLEM_CODES, problemType } from './catalogue.js';

const SECTION =
  /^## `(?<code>[^`]+)`\n\n(?<status>\d+): (?<title>.+)\n\n- \*\*When:\*\* (?<when>.+)\n- \*\*What to do:\*\* (?<remedy>.+)$/gmu;

describe('the catalogue of problems', () => {
  it('is exactly what docs/errors.md lists, in the same order', async () => {
    const document = await readFile(new URL('../../../docs/errors.md', import.meta.url), 'utf8');
    const documented = [...document.matchAll(SECTION)].map(({ groups }) => ({ ...groups, status: Number(groups?.['status']) }));
    const catalogued = Object.entries(PROBLEM_CATALOGUE).map(([code, { status, title, when, remedy }]) => ({
      code,
      status,
      title,
      when,
      remedy,
    }));
    expect(documented).toEqual(catalogued);
    expect(document.match(/^## /gmu)).toHaveLength(catalogued.length);
  });

  it('has a kebab-case code, an error status and full sentences for every problem', () => {
    for (const [code, entry] of Object.entries(PROBLEM_CATALOGUE)) {
      expect(code).toMatch(/^[a-z]+(-[a-z]+)*$/u);
      expect(entry.status).toBeGreaterThanOrEqual(400);
      expect(entry.status).toBeLessThan(600);
      for (const sentence of [entry.when, entry.remedy, entry.example]) expect(sentence).toMatch(/\.$/u);
    }
  });

  it('asks to come back later exactly with the statuses 429 and 503', () => {
    for (const code of PROBLEM_CODES) {
      const { status, retryAfterSeconds } = PROBLEM_CATALOGUE[code];
      expect(retryAfterSeconds !== undefined).toBe(status === 429 || status === 503);
    }
  });

  it('names its types as URNs', () => {
    expect(problemType('invalid-sdp')).toBe('urn:telefuser:problem:invalid-sdp');
  });
});
