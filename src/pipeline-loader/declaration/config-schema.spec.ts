import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readConfigSchema } from './config-schema.js';
import { DeclarationError } from './declaration.error.js';

const object = (properties: object, more: object = {}): Record<string, unknown> => ({ type: 'object', properties, ...more });

describe('readConfigSchema', () => {
  it('leaves a schema of known keywords as it is', () => {
    const schema = object(
      {
        steps: { type: 'integer', minimum: 1, maximum: 50, default: 8, title: 'Steps', 'x-step': 1 },
        style: { enum: ['oil', 'ink', null], description: 'How it is painted' },
        pose: { type: 'array', items: { type: 'number' }, minItems: 16, maxItems: 16, uniqueItems: false },
        range: { prefixItems: [{ type: 'number' }, true], items: false },
        name: { type: ['string', 'null'], minLength: 1, maxLength: 9, pattern: '^\\p{L}+$', format: 'name', examples: ['a'] },
        speed: { exclusiveMinimum: 0, exclusiveMaximum: 2, multipleOf: 0.5 },
        either: { anyOf: [{ const: 1 }, { not: { type: 'string' } }], oneOf: [{}], allOf: [true] },
      },
      { required: ['steps'], additionalProperties: { type: 'string' }, minProperties: 1, maxProperties: 9 },
    );
    expect(readConfigSchema(schema)).toEqual(schema);
  });

  it('puts the definitions in the place of their references, as Pydantic and Zod write them', () => {
    const declared = object(
      {
        camera: { $ref: '#/$defs/Camera', description: 'Where it stands', default: {} },
        size: { anyOf: [{ $ref: '#/definitions/a~1b%20c' }, { type: 'null' }] },
      },
      {
        $schema: 'https://json-schema.org/draft/2020-12/schema',
        $defs: {
          Camera: object({ lens: { $ref: '#/$defs/Lens' } }),
          Lens: { type: 'number', description: 'mm' },
          Unused: { $id: 'x' },
        },
        definitions: { 'a/b c': { type: 'integer' } },
      },
    );
    expect(readConfigSchema(declared)).toEqual(
      object({
        camera: { ...object({ lens: { type: 'number', description: 'mm' } }), description: 'Where it stands', default: {} },
        size: { anyOf: [{ type: 'integer' }, { type: 'null' }] },
      }),
    );
    const whole = { $ref: '#/definitions/Config', definitions: { Config: object({}) } };
    expect(readConfigSchema(whole)).toEqual(object({}));
  });

  it.each([
    [{}, 'config schema must have "type": "object"'],
    [{ type: 'array' }, 'config schema must have "type": "object"'],
    [object({ a: { type: 'float' } }), 'config schema at /properties/a/type must be one or more of object, array,'],
    [object({ a: 7 }), 'config schema at /properties/a must be a schema'],
    [object({ 'a/b': { patternProperties: {} } }), 'config schema at /properties/a~1b/patternProperties is not supported'],
    [object({ a: { if: {} } }), '/properties/a/if is not supported; docs/pipeline-host.md lists the keywords that are'],
    [object({ a: { $id: 'x' } }), '/properties/a/$id is not supported'],
    [object({ a: { $async: true } }), '/properties/a/$async is not supported'],
    [object({ a: { $dynamicRef: '#' } }), '/properties/a/$dynamicRef is not supported'],
    [object({ a: { minimum: '1' } }), '/properties/a/minimum must be a number'],
    [object({ a: { multipleOf: 0 } }), '/properties/a/multipleOf must be a number above 0'],
    [object({ a: { maxLength: 1.5 } }), '/properties/a/maxLength must be a whole number from 0'],
    [object({ a: { minimum: { $data: '1/b' } } }), '/properties/a/minimum must be a number'],
    [object({ a: { uniqueItems: 1 } }), '/properties/a/uniqueItems must be true or false'],
    [object({ a: { pattern: '(' } }), '/properties/a/pattern must be a regular expression of at most 256 characters'],
    [object({ a: { pattern: 'a'.repeat(257) } }), '/properties/a/pattern must be a regular expression'],
    [object({ a: { enum: [] } }), '/properties/a/enum must be a list of 1–1000 values'],
    [object({ a: { anyOf: {} } }), '/properties/a/anyOf must be a list of 1–1000 schemas'],
    [object({ a: { items: [] } }), '/properties/a/items must be a schema'],
    [object({}, { required: ['a', 'a'] }), 'config schema at /required must be a list of at most 1000 different names'],
    [object({ constructor: {} }), 'config schema at /properties has a name that no config may have: "constructor"'],
    [object({ a: { $ref: 'https://example.com/schema' } }), '/properties/a/$ref must name a definition of the schema'],
    [object({ a: { $ref: '#' } }), '/properties/a/$ref must name a definition of the schema'],
    [object({ a: { $ref: '#/$defs/A' } }), '/properties/a/$ref names $defs/A, which is not there'],
    [object({ a: { $ref: '#/$defs/A', type: 'object' } }, { $defs: { A: {} } }), '/properties/a/type cannot stand beside $ref'],
    [object({ a: { $ref: '#/$defs/A', title: 'A' } }, { $defs: { A: true } }), 'annotates a reference to true or false'],
  ])('refuses %j and says where and why', (declared, message) => {
    expect(() => readConfigSchema(declared)).toThrow(DeclarationError);
    expect(() => readConfigSchema(declared)).toThrow(message);
  });

  it('refuses a schema that leads to itself, by one step or by several', () => {
    const tree = object(
      { root: { $ref: '#/$defs/Node' } },
      { $defs: { Node: { items: { $ref: '#/$defs/Leaf' } }, Leaf: { $ref: '#/$defs/Node' } } },
    );
    expect(() => readConfigSchema(tree)).toThrow('leads back to $defs/Node, and so on without end');
  });

  it('refuses what would grow beyond measure when its references are in place', () => {
    const levels = 12;
    const $defs = Object.fromEntries(
      Array.from({ length: levels }, (_, level) => [
        `L${level}`,
        level === levels - 1
          ? { type: 'number' }
          : { anyOf: [{ $ref: `#/$defs/L${level + 1}` }, { $ref: `#/$defs/L${level + 1}` }] },
      ]),
    );
    expect(() => readConfigSchema(object({ a: { $ref: '#/$defs/L0' } }, { $defs }))).toThrow('has more than 1000 schemas in it');
    const long = { $defs: { Long: { const: 'x'.repeat(60_000) } } };
    const uses = Object.fromEntries(Array.from({ length: 5 }, (_, index) => [`p${index}`, { $ref: '#/$defs/Long' }]));
    expect(() => readConfigSchema(object(uses, long))).toThrow('is longer than 262144 bytes with its references in place');
    const types = { $defs: { Types: { type: ['object', 'array', 'string', 'number', 'integer', 'boolean', 'null'] } } };
    const names = Object.fromEntries(
      Array.from({ length: 490 }, (_, at) => [`${at}`.padEnd(250, '"'), { $ref: '#/$defs/Types' }]),
    );
    expect(() => readConfigSchema(object(names, types))).toThrow(
      /is \d{6} bytes long with its references in place; 262144 are allowed/u,
    );
  });

  const long = 'x'.repeat(2_000_000);
  it.each<[string, object]>([
    ['an annotation', { description: long }],
    ['an annotation of its own', { 'x-text': { nested: [long] } }],
    ['a value', { const: long }],
    ['a list of values', { enum: [1, long] }],
    ['an annotation beside a reference', { $ref: '#/$defs/Empty', title: long }],
    [
      'the names of properties',
      object(Object.fromEntries(Array.from({ length: 400 }, (_, at) => [`${at}`.padEnd(256, '€'), {}]))),
    ],
  ])('refuses what is long by %s before it makes the whole of it', (_what, definition) => {
    const uses = Object.fromEntries(Array.from({ length: 330 }, (_, index) => [`p${index}`, { $ref: '#/$defs/Long' }]));
    const read = (): unknown => readConfigSchema(object(uses, { $defs: { Long: definition, Empty: {} } }));
    expect(read).toThrow(DeclarationError);
    expect(read).toThrow('is longer than 262144 bytes with its references in place');
  });

  it('counts only what is in the schema: not the annotations of a definition that others replace', () => {
    const uses = Object.fromEntries(
      Array.from({ length: 40 }, (_, index) => [`p${index}`, { $ref: '#/$defs/Long', description: `${index}` }]),
    );
    const { properties } = readConfigSchema(object(uses, { $defs: { Long: { description: 'x'.repeat(60_000) } } }));
    expect(properties).toMatchObject({ p0: { description: '0' }, p39: { description: '39' } });
  });

  it.each([
    ['has no room to try', '(((?:\\w|\\b)){1,2147483647}){999999}'],
    ['has no time to try', '(?:(?:|(?:|a))){40}b'],
  ])('refuses a pattern that the engine takes and %s', (_what, pattern) => {
    expect(new RegExp(pattern, 'u')).toBeInstanceOf(RegExp);
    expect(() => readConfigSchema(object({ a: { pattern } }))).toThrow(DeclarationError);
    expect(() => readConfigSchema(object({ a: { pattern } }))).toThrow(
      '/properties/a/pattern must be a regular expression of at most 256 characters that can be tried within 100 ms',
    );
  });

  it('refuses what is nested too deeply, be it schemas or values', () => {
    let deep: object = {};
    for (let level = 0; level < 17; level += 1) deep = { not: deep };
    expect(() => readConfigSchema(object({ a: deep }))).toThrow('nests deeper than 16 schemas');
    let value: unknown = 1;
    for (let level = 0; level < 100_000; level += 1) value = [value];
    expect(() => readConfigSchema(object({ a: { default: value } }))).toThrow('nests deeper than 64 levels');
  });

  it('reads or refuses anything', () => {
    const keyword = fc.constantFrom(
      'type',
      'properties',
      'items',
      'anyOf',
      'not',
      '$ref',
      '$defs',
      'enum',
      'pattern',
      'required',
      '__proto__',
    );
    const schema = fc.letrec<{ node: unknown }>((tie) => ({
      node: fc.oneof({ depthSize: 'small' }, fc.jsonValue({ maxDepth: 1 }), fc.dictionary(keyword, tie('node'))),
    })).node;
    fc.assert(
      fc.property(fc.dictionary(keyword, schema), (declared) => {
        try {
          expect(readConfigSchema({ ...declared, type: 'object' })).toMatchObject({ type: 'object' });
        } catch (error) {
          expect(error).toBeInstanceOf(DeclarationError);
        }
      }),
    );
  });
});
