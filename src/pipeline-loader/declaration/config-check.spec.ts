import { Script } from 'node:vm';
import { Logger } from '@nestjs/common';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ConfigCheck } from './config-check.js';

const SCHEMA = {
  type: 'object',
  properties: {
    steps: { type: 'integer', minimum: 1, maximum: 50, default: 8 },
    style: { enum: ['oil', 'ink'] },
    'a/b': { const: true },
    name: { type: 'string', minLength: 2, maxLength: 4, pattern: '^[a-z]+$' },
    pose: { type: 'array', items: { type: 'number' }, minItems: 2, maxItems: 3, uniqueItems: true },
    seed: { anyOf: [{ type: 'integer' }, { type: 'null' }] },
    camera: {
      oneOf: [
        { type: 'object', properties: { lens: { type: 'number' } }, required: ['lens'] },
        { type: 'string', maxLength: 3 },
      ],
    },
    speed: { exclusiveMinimum: 0, exclusiveMaximum: 2, multipleOf: 0.25 },
    never: false,
    date: { type: 'string', format: 'date' },
    either: { oneOf: [{ type: 'number' }, { type: 'integer' }] },
    other: { not: { const: 1 } },
    pair: { prefixItems: [{ type: 'number' }], items: false },
    members: { type: 'object', minProperties: 1, maxProperties: 2 },
  },
  required: ['steps'],
  additionalProperties: false,
};

afterEach(() => void vi.restoreAllMocks());

describe('ConfigCheck', () => {
  const check = new ConfigCheck(SCHEMA);

  it('finds nothing wrong with what the schema allows, and leaves it as it is', () => {
    const config = Object.freeze({ steps: 50, style: 'ink', seed: null, camera: 'top', date: 'no date: formats are for forms' });
    expect(check.check(config)).toEqual([]);
    expect(config).not.toHaveProperty('name');
  });

  it.each([
    [{}, '/config/steps', 'config.steps is required'],
    [{ steps: 51 }, '/config/steps', 'config.steps must be at most 50'],
    [{ steps: 0 }, '/config/steps', 'config.steps must be at least 1'],
    [{ steps: 1.5 }, '/config/steps', 'config.steps must be a whole number'],
    [{ steps: '8' }, '/config/steps', 'config.steps must be a whole number'],
    [{ style: 'pop' }, '/config/style', 'config.style must be one of "oil", "ink"'],
    [{ 'a/b': 1 }, '/config/a~1b', 'config.a/b must be true'],
    [{ name: 'a' }, '/config/name', 'config.name must have at least 2 characters'],
    [{ name: 'abcde' }, '/config/name', 'config.name must have at most 4 characters'],
    [{ name: 'AB' }, '/config/name', 'config.name must match the pattern ^[a-z]+$'],
    [{ pose: [1] }, '/config/pose', 'config.pose must have at least 2 items'],
    [{ pose: [1, 2, 3, 4] }, '/config/pose', 'config.pose must have at most 3 items'],
    [{ pose: [1, 1] }, '/config/pose', 'config.pose must not have an item twice'],
    [{ pose: [1, 'x'] }, '/config/pose/1', 'config.pose.1 must be a number'],
    [{ seed: 'x' }, '/config/seed', 'config.seed must be a whole number, or must be null'],
    [{ camera: {} }, '/config/camera', 'config.camera lens is required, or must be text'],
    [{ camera: { lens: 'wide' } }, '/config/camera', 'config.camera lens must be a number, or must be text'],
    [{ speed: 0 }, '/config/speed', 'config.speed must be above 0'],
    [{ speed: 2 }, '/config/speed', 'config.speed must be below 2'],
    [{ speed: 0.3 }, '/config/speed', 'config.speed must be a multiple of 0.25'],
    [{ never: 1 }, '/config/never', 'config.never is not taken by the pipeline'],
    [{ stepz: 1 }, '/config/stepz', 'config.stepz is not taken by the pipeline'],
    [{ either: 1 }, '/config/either', 'config.either must be exactly one of the things that it may be'],
    [{ other: 1 }, '/config/other', 'config.other is what the pipeline does not take'],
    [{ pair: [1, 2] }, '/config/pair', 'config.pair must have at most 1 items'],
    [{ members: {} }, '/config/members', 'config.members must have at least 1 members'],
    [{ members: { a: 1, b: 2, c: 3 } }, '/config/members', 'config.members must have at most 2 members'],
  ])('says of %j what was expected', (config, pointer, detail) => {
    expect(check.check({ ...('steps' in config || Object.keys(config).length === 0 ? {} : { steps: 1 }), ...config })).toEqual([
      { pointer, detail },
    ]);
  });

  it('tells every wrong value, and of more than 32 the first', () => {
    expect(
      check
        .check({ style: 'pop', name: 7, stepz: 1 })
        .map(({ pointer }) => pointer)
        .sort(),
    ).toEqual(['/config/name', '/config/steps', '/config/stepz', '/config/style']);
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`x${index}`, index]));
    expect(check.check({ steps: 1, ...many })).toHaveLength(32);
  });

  it('is ready for its first config, however large the schema', () => {
    const properties = Object.fromEntries(
      Array.from({ length: 900 }, (_, index) => [`p${index}`, { type: 'integer', maximum: 9 }]),
    );
    const large = new ConfigCheck({ type: 'object', properties }, { timeoutMs: 25 });
    const compile = vi.spyOn(Ajv2020.prototype, 'compile');
    expect(large.check({ p899: 9 })).toEqual([]);
    expect(large.check({ p899: 10 })).toEqual([{ pointer: '/config/p899', detail: 'config.p899 must be at most 9' }]);
    expect(compile).not.toHaveBeenCalled();
  });

  it('takes no property for one that a config has because every object has it', () => {
    const inherited = new ConfigCheck({
      type: 'object',
      properties: { toString: { type: 'number' }, valueOf: { type: 'string' } },
      required: ['valueOf'],
    });
    expect(inherited.check({ valueOf: 'a' })).toEqual([]);
    expect(inherited.check({})).toEqual([{ pointer: '/config/valueOf', detail: 'config.valueOf is required' }]);
  });

  it('looks for the first error and for all within one limit', () => {
    const patient = new ConfigCheck(SCHEMA, { timeoutMs: 10_000 });
    const limited = vi.spyOn(Script.prototype, 'runInContext');
    expect(patient.check({ steps: 0, style: 'pop' })).toHaveLength(2);
    expect(limited).toHaveBeenCalledOnce();
  });

  it('tells the first error when there is no time to look for the others', () => {
    const warn = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    const properties = { one: { type: 'number' }, other: { type: 'string', pattern: '^(a|a)*$' } };
    const slow = new ConfigCheck({ type: 'object', properties }, { timeoutMs: 20 });
    expect(slow.check({ one: 'x', other: `${'a'.repeat(60)}!` })).toEqual([
      { pointer: '/config/one', detail: 'config.one must be a number' },
    ]);
    expect(warn).toHaveBeenCalledOnce();
  });

  it('refuses a text that a pattern has no room to look through', () => {
    const warn = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    const deep = new ConfigCheck({ type: 'object', properties: { value: { pattern: '^(a|b)*$' } } }, { timeoutMs: 10_000 });
    expect(deep.check({ value: 'a'.repeat(10_000_000) })).toMatchObject([{ pointer: '/config' }]);
    expect(warn).toHaveBeenCalledOnce();
  });

  it('makes sentences of few of the errors, however many the branches make', () => {
    const branching = { anyOf: [false] };
    const items = { allOf: Array.from({ length: 490 }, () => branching) };
    const branched = new ConfigCheck({ type: 'object', properties: { value: { items } } }, { timeoutMs: 10_000 });
    // More than 2000 errors for the first five, so the others are not looked at.
    expect(branched.check({ value: Array.from({ length: 100 }, (_, index) => index) })).toEqual(
      ['0', '1', '2'].map((item) => ({
        pointer: `/config/value/${item}`,
        detail: `config.value.${item} is not taken by the pipeline`,
      })),
    );
  });

  it('tells the first error of a config that is large', () => {
    const pose = Array.from({ length: 2000 }, () => 'x');
    expect(check.check({ steps: 1, pose })).toEqual([
      { pointer: '/config/pose', detail: 'config.pose must have at most 3 items' },
    ]);
  });

  it.each([
    ['a pattern that backtracks', { type: 'string', pattern: '^(a|a)*$' }, `${'a'.repeat(60)}!`],
    [
      'branches that multiply',
      {
        anyOf: [
          { type: 'string' },
          // Each looks at every item, and then finds that it is no text.
          ...Array.from({ length: 200 }, () => ({ allOf: [{ items: { type: 'number' } }, { type: 'string' }] })),
        ],
      },
      Array.from({ length: 200_000 }, (_, index) => index),
    ],
    ['items that are compared with each other', { uniqueItems: true }, Array.from({ length: 30_000 }, (_, index) => ({ index }))],
  ])('breaks %s off, and goes on', (_what, schema, value) => {
    const warn = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    const slow = new ConfigCheck({ type: 'object', properties: { value: schema } }, { timeoutMs: 20 });
    const began = performance.now();
    expect(slow.check({ value })).toEqual([
      { pointer: '/config', detail: "config could not be checked by the pipeline's schema within 20 ms" },
    ]);
    expect(performance.now() - began).toBeLessThan(2000);
    expect(warn).toHaveBeenCalledOnce();
    expect(slow.check({ value: 'a' })).toEqual([]);
  });

  it('answers every config with fields that are in it or missing in it', () => {
    const config = fc.record(
      Object.fromEntries(Object.keys(SCHEMA.properties).map((name) => [name, fc.jsonValue({ maxDepth: 2 })])),
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(config, (value) => {
        for (const { pointer, detail } of check.check(value)) {
          expect(pointer).toMatch(/^\/config/u);
          expect(detail.length).toBeLessThan(300);
        }
      }),
    );
  });
});
