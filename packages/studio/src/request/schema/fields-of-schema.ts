import { isObject, type JsonObject, type JsonValue } from '../json.ts';
import type { FormField } from './form-field.ts';

type Schema = Readonly<Record<string, unknown>>;

/** Longer texts get a field of several lines. */
const LONG_TEXT_CHARACTERS = 120;
const MAX_DEPTH = 4;
const MAX_FIELDS = 100;

/**
 * The fields that a form for this schema has, in the schema's order. JSON Schema 2020-12, as a server publishes it: without `$ref`.
 * Empty when the schema names no property.
 */
export function fieldsOfSchema(schema: unknown, depth = 0): readonly FormField[] {
  if (!isObject(schema) || !isObject(schema['properties'])) return [];
  const required = new Set(Array.isArray(schema['required']) ? schema['required'] : []);
  return Object.entries(schema['properties'])
    .slice(0, MAX_FIELDS)
    .flatMap(([name, property]) => (isObject(property) ? [fieldOf(name, property, required.has(name), depth)] : []));
}

/** What the form holds before anybody has touched it. */
export function defaultsOf(fields: readonly FormField[]): JsonObject {
  const entries = fields.flatMap((field): (readonly [string, JsonValue])[] => {
    if (field.default !== undefined) return [[field.name, field.default]];
    if (field.kind !== 'group') return [];
    const inner = defaultsOf(field.fields);
    return Object.keys(inner).length > 0 ? [[field.name, inner]] : [];
  });
  return Object.fromEntries(entries);
}

function fieldOf(name: string, property: Schema, required: boolean, depth: number): FormField {
  const { schema, nullable } = withoutNull(property);
  const base = {
    name,
    title: text(property['title']) ?? text(schema['title']) ?? titleOf(name),
    description: text(property['description']) ?? text(schema['description']),
    required: required && !nullable,
    default: ('default' in property ? property['default'] : schema['default']) as JsonValue | undefined,
  };
  if (Array.isArray(schema['enum'])) return { ...base, kind: 'choice', choices: schema['enum'] as JsonValue[] };
  switch (schema['type']) {
    case 'string':
      return { ...base, kind: 'text', ...textBounds(schema) };
    case 'integer':
    case 'number':
      return { ...base, kind: 'number', ...numberBounds(schema) };
    case 'boolean':
      return { ...base, kind: 'switch' };
    case 'object': {
      const fields = depth < MAX_DEPTH ? fieldsOfSchema(schema, depth + 1) : [];
      return fields.length > 0 ? { ...base, kind: 'group', fields } : { ...base, kind: 'json' };
    }
    default:
      return { ...base, kind: 'json' };
  }
}

/** `{anyOf: [S, {type: 'null'}]}` and `{type: [T, 'null']}`, which is how an optional value is often written, are S that may be left out. */
function withoutNull(schema: Schema): { readonly schema: Schema; readonly nullable: boolean } {
  const { type } = schema;
  if (Array.isArray(type) && type.includes('null')) {
    const others: unknown[] = type.filter((name) => name !== 'null');
    return { schema: { ...schema, type: others.length === 1 ? others[0] : others }, nullable: true };
  }
  const alternatives = schema['anyOf'] ?? schema['oneOf'];
  if (Array.isArray(alternatives)) {
    const others: unknown[] = alternatives.filter((one) => !(isObject(one) && one['type'] === 'null'));
    const [only] = others;
    if (others.length === 1 && isObject(only)) return { schema: only, nullable: others.length < alternatives.length };
  }
  return { schema, nullable: false };
}

function textBounds(schema: Schema): {
  long: boolean;
  minLength: number | undefined;
  maxLength: number | undefined;
  pattern: string | undefined;
} {
  const maxLength = number(schema['maxLength']);
  return {
    long: schema['format'] === 'textarea' || (maxLength !== undefined && maxLength > LONG_TEXT_CHARACTERS),
    minLength: number(schema['minLength']),
    maxLength,
    pattern: text(schema['pattern']),
  };
}

function numberBounds(schema: Schema): {
  whole: boolean;
  min: number | undefined;
  max: number | undefined;
  step: number | undefined;
} {
  const whole = schema['type'] === 'integer';
  // An exclusive bound of a whole number is the next whole number; of another the check when it is sent tells.
  const above = number(schema['exclusiveMinimum']);
  const below = number(schema['exclusiveMaximum']);
  return {
    whole,
    min: number(schema['minimum']) ?? (above === undefined ? undefined : whole ? Math.floor(above) + 1 : above),
    max: number(schema['maximum']) ?? (below === undefined ? undefined : whole ? Math.ceil(below) - 1 : below),
    step: number(schema['multipleOf']) ?? (whole ? 1 : undefined),
  };
}

/** `guidance_scale` and `guidanceScale` are "Guidance scale". */
function titleOf(name: string): string {
  const words = name
    .replaceAll(/([a-z\d])([A-Z])/gu, '$1 $2')
    .replaceAll(/[_-]+/gu, ' ')
    .trim()
    .toLowerCase();
  return words === '' ? name : words.charAt(0).toUpperCase() + words.slice(1);
}

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);
const number = (value: unknown): number | undefined => (typeof value === 'number' && Number.isFinite(value) ? value : undefined);
