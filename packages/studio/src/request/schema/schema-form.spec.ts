import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkFields } from './check-field.ts';
import { defaultsOf, fieldsOfSchema } from './fields-of-schema.ts';

const SCHEMA = {
  type: 'object',
  required: ['steps', 'style'],
  properties: {
    steps: { type: 'integer', minimum: 1, maximum: 50, default: 8, title: 'Steps', description: 'More is slower.' },
    guidance_scale: { type: 'number', exclusiveMinimum: 0, maximum: 20 },
    style: { enum: ['photo', 'ink', 3] },
    loop: { type: 'boolean', default: true },
    negativePrompt: { anyOf: [{ type: 'string', maxLength: 500 }, { type: 'null' }], default: null },
    camera: {
      type: 'object',
      required: ['yaw'],
      properties: { yaw: { type: 'number', default: 0 }, roll: { type: ['number', 'null'] } },
    },
    loras: { type: 'array', items: { type: 'string' } },
  },
};

describe('a form that is made of a JSON Schema', () => {
  const fields = fieldsOfSchema(SCHEMA);
  const field = (name: string): unknown => fields.find((each) => each.name === name);

  it('has a field of the right kind for each property, in the order of the schema', () => {
    expect(fields.map(({ name, kind }) => `${name}: ${kind}`)).toEqual([
      'steps: number',
      'guidance_scale: number',
      'style: choice',
      'loop: switch',
      'negativePrompt: text',
      'camera: group',
      'loras: json',
    ]);
  });

  it('carries titles, descriptions, bounds and defaults', () => {
    expect(field('steps')).toMatchObject({
      title: 'Steps',
      description: 'More is slower.',
      min: 1,
      max: 50,
      step: 1,
      whole: true,
      default: 8,
    });
    expect(field('guidance_scale')).toMatchObject({ title: 'Guidance scale', min: 0, max: 20, whole: false });
    expect(field('negativePrompt')).toMatchObject({ title: 'Negative prompt', long: true, required: false });
  });

  it('fills in the defaults, also those of groups', () => {
    expect(defaultsOf(fields)).toEqual({ steps: 8, loop: true, negativePrompt: null, camera: { yaw: 0 } });
  });

  it('makes the next whole number of an exclusive bound', () => {
    const [whole] = fieldsOfSchema({ properties: { n: { type: 'integer', exclusiveMinimum: 2, exclusiveMaximum: 9 } } });
    expect(whole).toMatchObject({ min: 3, max: 8 });
  });

  it('makes fields of any schema at all, and never fails', () => {
    fc.assert(fc.property(fc.anything(), (schema) => Array.isArray(fieldsOfSchema(schema))));
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.anything()), (properties) => {
        const made = fieldsOfSchema({ type: 'object', properties });
        expect(() => checkFields(made, defaultsOf(made))).not.toThrow();
      }),
    );
  });
});

describe('the check of a form', () => {
  const fields = fieldsOfSchema(SCHEMA);

  it('finds nothing wrong with good values', () => {
    expect(checkFields(fields, { steps: 8, style: 'ink', guidance_scale: 7.5 }).size).toBe(0);
  });

  it('names each field by its pointer, as the server does', () => {
    const problems = checkFields(fields, { steps: 51.5, guidance_scale: 30, camera: { yaw: 'left' } }, '/config');
    expect(Object.fromEntries(problems)).toEqual({
      '/config/steps': 'Steps must be a whole number.',
      '/config/guidance_scale': 'Guidance scale must be at most 20.',
      '/config/style': 'Style is needed.',
      '/config/camera/yaw': 'Yaw must be a number.',
    });
  });

  it('counts characters, not code units', () => {
    const made = fieldsOfSchema({ properties: { word: { type: 'string', maxLength: 2 } } });
    expect(checkFields(made, { word: '👩‍🚀'.slice(0, 2) + '🚀' }).size).toBe(0);
    expect(checkFields(made, { word: 'abc' }).get('/word')).toBe('Word may have 2 characters at most.');
  });
});
