import { describe, expect, it, vi } from 'vitest';
import { DeclarationError } from './declaration.error.js';
import { readDeclaration } from './service-declaration.js';

const schemaOf = (maximum: number): Readonly<Record<string, unknown>> => ({ type: 'object', properties: { steps: { maximum } } });
const read = (declared: { about?: Record<string, unknown>; configSchema?: Readonly<Record<string, unknown>> }) => {
  const warn = vi.fn<(message: string) => void>();
  return { declaration: readDeclaration({ type: 'ready', mode: 'server_push', ...declared }, warn), warn };
};

describe('readDeclaration', () => {
  it('has nothing of a service that says nothing', () => {
    expect(read({}).declaration).toEqual({});
  });

  it('warns of members that nobody knows, and names those that are', () => {
    const { declaration, warn } = read({ about: { name: 'A', colour: 1 } });
    expect(declaration).toEqual({ about: { name: 'A' } });
    expect(warn).toHaveBeenCalledExactlyOnceWith(
      expect.stringMatching(/ignored: "colour"\. Known are name, .*Python: default_prompt/u),
    );
  });

  it('compiles the same schema once, and another one anew', () => {
    const first = read({ configSchema: schemaOf(50) }).declaration.configCheck;
    expect(read({ configSchema: schemaOf(50) }).declaration.configCheck).toBe(first);
    const other = read({ configSchema: schemaOf(60) }).declaration.configCheck;
    expect([first?.check({ steps: 55 }).length, other?.check({ steps: 55 }).length]).toEqual([1, 0]);
  });

  it('refuses a schema that is nested without measure', () => {
    let deep: unknown = 1;
    for (let level = 0; level < 100_000; level += 1) deep = [deep];
    expect(() => read({ configSchema: { type: 'object', default: deep } })).toThrow(DeclarationError);
  });
});
