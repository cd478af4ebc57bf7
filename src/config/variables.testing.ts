/** What every variable of the configuration must do, driven by a table of texts. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { ConfigurationError, type ConfigurationProblem } from './configuration.error.js';
import { type Environment, loadConfiguration } from './load-configuration.js';
import { describeVariables } from './variable.decorators.js';

/** Texts and the values they stand for, then texts that must be refused. Bounds: both ends and one step beyond. */
export interface VariableCases {
  readonly good: readonly (readonly [text: string, value: unknown])[];
  readonly bad: readonly string[];
}

/** What is wrong with an environment; none if nothing is. */
export function problemsOf(environment: Environment): readonly ConfigurationProblem[] {
  try {
    loadConfiguration(environment);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
  return [];
}

/**
 * Declares the tests of a section's variables.
 * @param section property of `Configuration`; undefined for the variables of none.
 * @param cases for each variable by name, in the order of declaration; `good` is empty where the text depends on other variables.
 */
export function testVariables(section: string | undefined, cases: Readonly<Record<string, VariableCases>>): void {
  const variables = describeVariables().filter((variable) => variable.section === section);

  it('is tested for every variable', () => {
    expect(Object.keys(cases)).toEqual(variables.map(({ name }) => name));
  });

  describe.each(Object.entries(cases))('%s', (name, { good, bad }) => {
    it.each(good)('accepts %s', (text, value) => {
      expect(valueOf(name, text)).toEqual(value);
    });

    it.each(bad.map((text) => [text.length > 40 ? `${text.slice(0, 40)}…` : text, text]))(
      'refuses %j and is named',
      (_title, text) => {
        const problems = problemsOf({ [name]: text });
        expect(problems.map((problem) => problem.name)).toEqual([name]);
        expect(problems[0]?.message).toMatch(new RegExp(`^${name} must be `, 'u'));
      },
    );
  });

  it('loads any text for any variable within bounds, or names that variable', () => {
    const alone = variables.filter(({ name }) => (cases[name]?.good.length ?? 0) > 0);
    const text = fc.oneof(
      fc.string(),
      fc.integer().map(String),
      fc.double().map(String),
      fc.stringMatching(/^[+-]?[0-9.e]{1,20}$/u),
    );
    fc.assert(
      fc.property(fc.constantFrom(...alone), text, ({ name, allowed }, value) => {
        const named = problemsOf({ [name]: value }).map((problem) => problem.name);
        const range = allowed.match(/number from (\S+) to (\S+)$/u);
        const isWithin = (loaded: unknown): boolean =>
          range === null ||
          // An empty text is none, and the variable may have no default.
          (value === '' && loaded === undefined) ||
          (Number(loaded) >= Number(range[1]) && Number(loaded) <= Number(range[2]));
        expect(named.length > 0 || isWithin(valueOf(name, value))).toBe(true);
        expect(named).toEqual(named.length > 0 ? [name] : []);
      }),
      { numRuns: 1_000 },
    );
  });
}

function valueOf(name: string, text: string): unknown {
  const variable = describeVariables().find((description) => description.name === name);
  const configuration = loadConfiguration({ [name]: text }) as unknown as Readonly<Record<string, unknown>>;
  const owner =
    variable?.section === undefined ? configuration : (configuration[variable.section] as Readonly<Record<string, unknown>>);
  return owner[variable?.property ?? ''];
}
