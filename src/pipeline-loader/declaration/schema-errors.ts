import type { ErrorObject } from 'ajv/dist/2020.js';
import type { FieldError } from '../../common/index.js';

const MAX_ERRORS = 32;
const MAX_CHARACTERS = 256;
const MAX_NAMED = 12;
const MAX_BRANCHES = 4;

const TYPE_NAMES: Readonly<Record<string, string>> = {
  object: 'an object',
  array: 'a list',
  string: 'text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  null: 'null',
};

/** The validator's errors as the API says them: one for each value, with a pointer into the offer, and what was expected in words. */
export function toFieldErrors(errors: readonly ErrorObject[]): readonly FieldError[] {
  // The errors of a branch belong to the sentence of the branching.
  const branchings = errors.filter(({ keyword }) => keyword === 'anyOf' || keyword === 'oneOf');
  const told = errors.filter(({ schemaPath }) => !branchings.some((branching) => isWithin(schemaPath, branching.schemaPath)));
  const seen = new Set<string>();
  const fields: FieldError[] = [];
  for (const error of told) {
    const pointer = `/config${pointerOf(error)}`;
    if (seen.has(pointer)) continue;
    seen.add(pointer);
    fields.push({ pointer, detail: cut(`${nameOf(pointer)} ${expectation(error, errors)}`) });
  }
  return fields.slice(0, MAX_ERRORS);
}

/** What a value must be, in words that follow its name. */
function expectation(error: ErrorObject, all: readonly ErrorObject[]): string {
  const params = error.params as Readonly<Record<string, unknown>>;
  switch (error.keyword) {
    case 'type':
      return `must be ${[params['type']].flat().map(typeName).join(' or ')}`;
    case 'required':
      return 'is required';
    case 'additionalProperties':
    case 'false schema':
      return 'is not taken by the pipeline';
    case 'enum':
      return `must be one of ${namedValues(params['allowedValues'])}`;
    case 'const':
      return `must be ${JSON.stringify(params['allowedValue'])}`;
    case 'minimum':
      return `must be at least ${limitOf(params)}`;
    case 'maximum':
      return `must be at most ${limitOf(params)}`;
    case 'exclusiveMinimum':
      return `must be above ${limitOf(params)}`;
    case 'exclusiveMaximum':
      return `must be below ${limitOf(params)}`;
    case 'multipleOf':
      return `must be a multiple of ${String(params['multipleOf'])}`;
    case 'minLength':
      return `must have at least ${limitOf(params)} characters`;
    case 'maxLength':
      return `must have at most ${limitOf(params)} characters`;
    case 'minItems':
      return `must have at least ${limitOf(params)} items`;
    case 'maxItems':
    case 'items':
      return `must have at most ${limitOf(params)} items`;
    case 'minProperties':
      return `must have at least ${limitOf(params)} members`;
    case 'maxProperties':
      return `must have at most ${limitOf(params)} members`;
    case 'uniqueItems':
      return 'must not have an item twice';
    case 'pattern':
      return `must match the pattern ${String(params['pattern'])}`;
    case 'not':
      return 'is what the pipeline does not take';
    case 'anyOf':
    case 'oneOf':
      return branchExpectation(error, all);
    default:
      return error.message ?? 'is not what the pipeline takes';
  }
}

/** Of a value that may be one thing or another, and is none of them, or more than one. */
function branchExpectation(error: ErrorObject, all: readonly ErrorObject[]): string {
  const branches = all.filter(({ schemaPath }) => schemaPath !== error.schemaPath && isWithin(schemaPath, error.schemaPath));
  if (branches.length === 0) return 'must be exactly one of the things that it may be';
  const texts = branches
    .filter(({ keyword }) => keyword !== 'anyOf' && keyword !== 'oneOf')
    .map((branch) => {
      const below = pointerOf(branch).slice(pointerOf(error).length);
      return `${below === '' ? '' : `${below.slice(1).replaceAll('/', '.')} `}${expectation(branch, all)}`;
    });
  return [...new Set(texts)].slice(0, MAX_BRANCHES).join(', or ');
}

/** Where the wrong value is, or where the missing one would be. */
function pointerOf({ instancePath, params }: ErrorObject): string {
  const { missingProperty, additionalProperty } = params as {
    readonly missingProperty?: string;
    readonly additionalProperty?: string;
  };
  const property = missingProperty ?? additionalProperty;
  return property === undefined ? instancePath : `${instancePath}/${property.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

/** `/config/a/0` as `config.a.0`. */
function nameOf(pointer: string): string {
  return pointer
    .slice(1)
    .split('/')
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))
    .join('.');
}

function isWithin(path: string, branching: string): boolean {
  return path.startsWith(`${branching}/`);
}

function typeName(type: unknown): string {
  return TYPE_NAMES[String(type)] ?? String(type);
}

function limitOf(params: Readonly<Record<string, unknown>>): string {
  return String(params['limit']);
}

function namedValues(values: unknown): string {
  const list = Array.isArray(values) ? values : [];
  const named = list.slice(0, MAX_NAMED).map((value) => JSON.stringify(value));
  return `${named.join(', ')}${list.length > named.length ? ', …' : ''}`;
}

function cut(text: string): string {
  return text.length > MAX_CHARACTERS ? `${text.slice(0, MAX_CHARACTERS)}…` : text;
}
