import type { ErrorObject } from 'ajv/dist/2020.js';
import type { FieldError } from '../../common/index.js';

const MAX_ERRORS = 32;
const MAX_CHARACTERS = 256;
const MAX_NAMED = 12;
const MAX_BRANCHES = 4;
/** Nobody reads more, and a schema of many branches makes hundreds of thousands of a small config. */
const MAX_EXAMINED = 2000;

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
  const examined = errors.slice(0, MAX_EXAMINED);
  const branchings = new Set(examined.filter(isBranching).map(({ schemaPath }) => schemaPath));
  const seen = new Set<string>();
  const fields: FieldError[] = [];
  for (const error of examined) {
    if (fields.length === MAX_ERRORS) break;
    // The errors of a branch belong to the sentence of the branching.
    if (isWithinAny(error.schemaPath, branchings)) continue;
    const pointer = `/config${pointerOf(error)}`;
    if (seen.has(pointer)) continue;
    seen.add(pointer);
    fields.push({ pointer, detail: cut(`${nameOf(pointer)} ${expectation(error, examined)}`) });
  }
  return fields;
}

type Parameters = Readonly<Record<string, unknown>>;

/** What a value must be by each keyword, in words that follow its name. */
const EXPECTATIONS: ReadonlyMap<string, (params: Parameters) => string> = new Map<string, (params: Parameters) => string>([
  ['type', ({ type }) => `must be ${[type].flat().map(typeName).join(' or ')}`],
  ['required', () => 'is required'],
  ['additionalProperties', () => 'is not taken by the pipeline'],
  ['false schema', () => 'is not taken by the pipeline'],
  ['enum', ({ allowedValues }) => `must be one of ${namedValues(allowedValues)}`],
  ['const', ({ allowedValue }) => `must be ${JSON.stringify(allowedValue)}`],
  ['minimum', ({ limit }) => `must be at least ${String(limit)}`],
  ['maximum', ({ limit }) => `must be at most ${String(limit)}`],
  ['exclusiveMinimum', ({ limit }) => `must be above ${String(limit)}`],
  ['exclusiveMaximum', ({ limit }) => `must be below ${String(limit)}`],
  ['multipleOf', ({ multipleOf }) => `must be a multiple of ${String(multipleOf)}`],
  ['minLength', ({ limit }) => `must have at least ${String(limit)} characters`],
  ['maxLength', ({ limit }) => `must have at most ${String(limit)} characters`],
  ['minItems', ({ limit }) => `must have at least ${String(limit)} items`],
  ['maxItems', ({ limit }) => `must have at most ${String(limit)} items`],
  ['items', ({ limit }) => `must have at most ${String(limit)} items`],
  ['minProperties', ({ limit }) => `must have at least ${String(limit)} members`],
  ['maxProperties', ({ limit }) => `must have at most ${String(limit)} members`],
  ['uniqueItems', () => 'must not have an item twice'],
  ['pattern', ({ pattern }) => `must match the pattern ${String(pattern)}`],
  ['not', () => 'is what the pipeline does not take'],
]);

function expectation(error: ErrorObject, all: readonly ErrorObject[]): string {
  if (isBranching(error)) return branchExpectation(error, all);
  const words = EXPECTATIONS.get(error.keyword);
  return words === undefined ? (error.message ?? 'is not what the pipeline takes') : words(error.params as Parameters);
}

/** Of a value that may be one thing or another, and is none of them, or more than one. */
function branchExpectation(error: ErrorObject, all: readonly ErrorObject[]): string {
  const branches = all.filter(({ schemaPath }) => schemaPath !== error.schemaPath && isWithin(schemaPath, error.schemaPath));
  if (branches.length === 0) return 'must be exactly one of the things that it may be';
  const texts = new Set<string>();
  for (const branch of branches) {
    if (texts.size === MAX_BRANCHES) break;
    if (isBranching(branch)) continue;
    const below = pointerOf(branch).slice(pointerOf(error).length);
    texts.add(`${below === '' ? '' : `${below.slice(1).replaceAll('/', '.')} `}${expectation(branch, all)}`);
  }
  return [...texts].join(', or ');
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

function isBranching({ keyword }: ErrorObject): boolean {
  return keyword === 'anyOf' || keyword === 'oneOf';
}

function isWithin(path: string, branching: string): boolean {
  return path.startsWith(`${branching}/`);
}

/** The same of many branchings, by as many steps as the path has. */
function isWithinAny(path: string, branchings: ReadonlySet<string>): boolean {
  for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
    if (branchings.has(path.slice(0, end))) return true;
  }
  return false;
}

function typeName(type: unknown): string {
  return TYPE_NAMES[String(type)] ?? String(type);
}

function namedValues(values: unknown): string {
  const list = Array.isArray(values) ? values : [];
  const named = list.slice(0, MAX_NAMED).map((value) => JSON.stringify(value));
  return `${named.join(', ')}${list.length > named.length ? ', …' : ''}`;
}

function cut(text: string): string {
  return text.length > MAX_CHARACTERS ? `${text.slice(0, MAX_CHARACTERS)}…` : text;
}
