import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { upgradeDocument } from './openapi-upgrade.js';

const documentOf = (schema: object) => ({ openapi: '3.0.0', components: { schemas: { Thing: schema } } });
const upgraded = (schema: object): unknown =>
  (upgradeDocument(documentOf(schema)) as { components: { schemas: { Thing: unknown } } }).components.schemas.Thing;

describe('upgradeDocument', () => {
  it('names version 3.1', () => {
    expect(upgradeDocument({ openapi: '3.0.0', paths: {} })).toEqual({ openapi: '3.1.1', paths: {} });
  });

  it('gives what may be null the type null, and an example a list', () => {
    expect(upgraded({ type: 'integer', nullable: true, example: 3 })).toEqual({ type: ['integer', 'null'], examples: [3] });
    expect(upgraded({ type: 'string', nullable: true, enum: ['a', null] })).toEqual({
      type: ['string', 'null'],
      enum: ['a', null],
    });
    expect(upgraded({ type: 'string', nullable: false })).toEqual({ type: 'string' });
  });

  it.each(['properties', 'items', 'additionalProperties', 'not', 'allOf', 'anyOf', 'oneOf'])(
    'reaches the schemas in %s',
    (key) => {
      const [before, after] = [{ type: 'string', nullable: true }, { type: ['string', 'null'] }];
      const at = (schema: object) => (key === 'properties' ? { nullable: schema } : key.endsWith('Of') ? [{}, schema] : schema);
      expect(upgraded({ type: 'object', [key]: at(before) })).toEqual({ type: 'object', [key]: at(after) });
    },
  );

  it('reaches the schemas of parameters, bodies and headers, and leaves examples of bodies alone', () => {
    const schema = { type: 'string', example: 'a' };
    const operation = (its: object) => ({
      parameters: [{ name: 'id', in: 'path', example: 'b', schema: its }],
      requestBody: { content: { 'application/json': { schema: its, examples: { one: { value: { schema, nullable: true } } } } } },
      responses: { 200: { headers: { Etag: { schema: its } }, content: {} } },
    });
    const document = { openapi: '3.0.0', paths: { '/a': { get: operation(schema) } } };
    expect(upgradeDocument(document)).toEqual({
      openapi: '3.1.1',
      paths: { '/a': { get: operation({ type: 'string', examples: ['a'] }) } },
    });
  });

  it('refuses what it would change the meaning of', () => {
    expect(() => upgraded({ nullable: true, allOf: [{}] })).toThrow('/components/schemas/Thing: nullable without a type');
    expect(() => upgraded({ properties: { n: { type: 'number', minimum: 0, exclusiveMinimum: true } } })).toThrow(
      '/components/schemas/Thing/properties/n: a boolean exclusiveMinimum',
    );
  });

  it('leaves a document that needs nothing as it is, and its argument too', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const document = { openapi: '3.0.0', info: { description: 'x' }, components: { schemas: { A: { enum: [value] } } } };
        const before = structuredClone(document);
        expect(upgradeDocument(document)).toEqual({ ...before, openapi: '3.1.1' });
        expect(document).toEqual(before);
      }),
    );
  });
});
