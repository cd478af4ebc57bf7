import { isObject, type JsonObject, type JsonValue } from '../json.ts';
import type { FormField, NumberField, TextField } from './form-field.ts';

/** What is wrong with the form's values, by JSON pointer (RFC 6901) below `prefix`. The server checks all of the schema; this is what a field can say at once. */
export function checkFields(fields: readonly FormField[], values: JsonObject, prefix = ''): ReadonlyMap<string, string> {
  const problems = new Map<string, string>();
  for (const field of fields) {
    const pointer = `${prefix}/${escapePointer(field.name)}`;
    const value = values[field.name];
    if (field.kind === 'group') {
      const inner = checkFields(field.fields, isObject(value) ? value : {}, pointer);
      // A group that may be left out and was is not incomplete.
      if (field.required || value !== undefined) for (const [at, problem] of inner) problems.set(at, problem);
      continue;
    }
    const problem = checkField(field, value);
    if (problem !== undefined) problems.set(pointer, problem);
  }
  return problems;
}

export const escapePointer = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1');

function checkField(field: Exclude<FormField, { kind: 'group' }>, value: JsonValue | undefined): string | undefined {
  if (value === undefined) return field.required && field.default === undefined ? `${field.title} is needed.` : undefined;
  if (field.kind === 'number') return checkNumber(field, value);
  if (field.kind === 'text') return checkText(field, value);
  return undefined;
}

function checkNumber({ title, whole, min, max }: NumberField, value: JsonValue): string | undefined {
  if (typeof value !== 'number') return `${title} must be a number.`;
  if (whole && !Number.isInteger(value)) return `${title} must be a whole number.`;
  if (min !== undefined && value < min) return `${title} must be at least ${min}.`;
  if (max !== undefined && value > max) return `${title} must be at most ${max}.`;
  return undefined;
}

function checkText({ title, minLength, maxLength }: TextField, value: JsonValue): string | undefined {
  if (typeof value !== 'string') return `${title} must be a text.`;
  // Characters as JSON Schema counts them: code points.
  const { length } = [...value];
  if (minLength !== undefined && length < minLength) return `${title} needs ${minLength} characters at least.`;
  if (maxLength !== undefined && length > maxLength) return `${title} may have ${maxLength} characters at most.`;
  return undefined;
}
