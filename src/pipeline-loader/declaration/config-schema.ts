import { exceedsJsonDepth } from '../../common/index.js';
import { isRecord } from '../protocol/field-readers.js';
import { DeclarationError } from './declaration.error.js';
import { localReference, readDefinitions, type Definitions } from './schema-references.js';
import { withTimeLimit } from './time-limit.js';

const MAX_JSON_DEPTH = 64;
const MAX_SCHEMA_DEPTH = 16;
const MAX_SCHEMAS = 1000;
/** Of the schema with every reference in its place, UTF-8. */
const MAX_BYTES = 262_144;
const MAX_LIST = 1000;
const MAX_NAME = 256;
const MAX_PATTERN = 256;
/** To compile a pattern and to try it on next to nothing. */
const PATTERN_TIMEOUT_MS = 100;
/** Of both kinds, and twice each, because what runs again is compiled again, to run faster. */
const PATTERN_SUBJECTS = ['', 'a', 'a', '\u{100}', '\u{100}'];
const TYPES: ReadonlySet<unknown> = new Set(['object', 'array', 'string', 'number', 'integer', 'boolean', 'null']);

/** Said of a value and not checked. */
const ANNOTATIONS: ReadonlySet<string> = new Set([
  ...['title', 'description', 'default', 'examples', 'format', 'deprecated', 'readOnly', 'writeOnly', '$comment'],
]);
/** Where definitions stand that references name; only at the top, and gone when they are in place. */
const DEFINITIONS: ReadonlySet<string> = new Set(['$defs', 'definitions', '$schema']);

/** Where in the schema something stands, and what it may still have. */
interface Place {
  /** JSON pointer (RFC 6901). */
  readonly pointer: string;
  readonly depth: number;
  /** References that led here. */
  readonly within: readonly string[];
}

/**
 * The schema of a pipeline for an offer's `config`, made anew from what is known of JSON Schema 2020-12: nothing of a pipeline's reaches the
 * validator that was not understood here. References to definitions of its own are put in their place; one that leads to itself is refused, and
 * with it every keyword that is not in docs/pipeline-host.md, since a check that is silently left out would be worse than none.
 *
 * @throws DeclarationError
 */
export function readConfigSchema(declared: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  if (exceedsJsonDepth(declared, MAX_JSON_DEPTH)) fail('', `nests deeper than ${MAX_JSON_DEPTH} levels`);
  const schema = new SchemaReader(readDefinitions(declared)).read(declared, { pointer: '', depth: 0, within: [] });
  if (typeof schema === 'boolean' || schema['type'] !== 'object') {
    fail('', 'must have "type": "object", because an offer\'s config is an object');
  }
  const bytes = Buffer.byteLength(JSON.stringify(schema));
  if (bytes > MAX_BYTES) fail('', `is ${bytes} bytes long with its references in place; ${MAX_BYTES} are allowed`);
  return schema;
}

type Schema = Readonly<Record<string, unknown>> | boolean;

class SchemaReader {
  #count = 0;
  /** Of what was read: never more than the schema will have, so that what is too long is refused before it is made. */
  #bytes = 0;

  constructor(private readonly definitions: Definitions) {}

  read(value: unknown, place: Place): Schema {
    this.#count += 1;
    if (this.#count > MAX_SCHEMAS) fail('', `has more than ${MAX_SCHEMAS} schemas in it, references in their place`);
    if (place.depth > MAX_SCHEMA_DEPTH) fail(place.pointer, `nests deeper than ${MAX_SCHEMA_DEPTH} schemas`);
    if (typeof value === 'boolean') return value;
    if (!isRecord(value)) fail(place.pointer, 'must be a schema: an object, true or false');
    if (value['$ref'] !== undefined) return this.#readReference(value, place);
    const members = Object.entries(value)
      .filter(([keyword]) => !(place.pointer === '' && DEFINITIONS.has(keyword)))
      .map(([keyword, member]) => [keyword, this.#readKeyword(keyword, member, place)]);
    return Object.fromEntries(members) as Record<string, unknown>;
  }

  #readReference(value: Readonly<Record<string, unknown>>, place: Place): Schema {
    const { $ref, ...beside } = value;
    const name = localReference($ref, (problem) => fail(`${place.pointer}/$ref`, problem));
    if (place.within.includes(name)) fail(`${place.pointer}/$ref`, `leads back to ${name}, and so on without end`);
    if (!this.definitions.has(name)) fail(`${place.pointer}/$ref`, `names ${name}, which is not there`);
    const target = this.read(this.definitions.get(name), {
      pointer: `/${name}`,
      depth: place.depth,
      within: [...place.within, name],
    });
    const annotations = Object.entries(beside)
      .filter(([keyword]) => !(place.pointer === '' && DEFINITIONS.has(keyword)))
      .map(([keyword, member]) => {
        if (!isAnnotation(keyword)) fail(`${place.pointer}/${escapeToken(keyword)}`, 'cannot stand beside $ref; use allOf');
        const replaced = typeof target === 'boolean' ? undefined : target[keyword];
        if (replaced !== undefined) this.#bytes -= memberBytes(keyword, replaced);
        this.#weigh(keyword, member);
        return [keyword, member];
      });
    if (annotations.length === 0) return target;
    return typeof target === 'boolean'
      ? fail(place.pointer, 'annotates a reference to true or false')
      : { ...target, ...(Object.fromEntries(annotations) as Record<string, unknown>) };
  }

  #readKeyword(keyword: string, value: unknown, { pointer, depth, within }: Place): unknown {
    const at = `${pointer}/${escapeToken(keyword)}`;
    const inside = (token: string | number): Place => ({
      pointer: `${at}/${escapeToken(String(token))}`,
      depth: depth + 1,
      within,
    });
    if (isAnnotation(keyword)) {
      this.#weigh(keyword, value);
      return value;
    }
    switch (keyword) {
      case 'type':
        return readType(value, at);
      case 'properties':
        return this.#readProperties(value, at, inside);
      case 'items':
      case 'additionalProperties':
      case 'not':
        return this.read(value, { pointer: at, depth: depth + 1, within });
      case 'anyOf':
      case 'oneOf':
      case 'allOf':
      case 'prefixItems':
        if (!isList(value, 1)) fail(at, `must be a list of 1–${MAX_LIST} schemas`);
        return value.map((item, index) => this.read(item, inside(index)));
      default: {
        const asserted = readAssertion(keyword, value, at);
        this.#weigh(keyword, value);
        return asserted;
      }
    }
  }

  #readProperties(value: unknown, at: string, inside: (name: string) => Place): Record<string, unknown> {
    if (!isRecord(value)) fail(at, 'must be an object of schemas');
    return Object.fromEntries(
      Object.entries(value).map(([name, schema]) => {
        if (!mayBeProperty(name)) fail(at, `has a name that no config may have: ${JSON.stringify(name.slice(0, MAX_NAME))}`);
        this.#weigh(name);
        return [name, this.read(schema, inside(name))];
      }),
    );
  }

  #weigh(name: string, value?: unknown): void {
    this.#bytes += memberBytes(name, value);
    if (this.#bytes > MAX_BYTES) fail('', `is longer than ${MAX_BYTES} bytes with its references in place`);
  }
}

/** What a member of an object takes in JSON, without what stands between it and the next. */
function memberBytes(name: string, value: unknown): number {
  const text = JSON.stringify(value) as string | undefined;
  return Buffer.byteLength(name) + Buffer.byteLength(text ?? '');
}

/** What a keyword that limits a value by itself may have. */
interface Assertion {
  /** Completes "must be". */
  readonly allowed: string;
  readonly test: (value: unknown) => boolean;
}

const NUMBER: Assertion = { allowed: 'a number', test: (value) => typeof value === 'number' };
const COUNT: Assertion = {
  allowed: 'a whole number from 0',
  test: (value) => Number.isSafeInteger(value) && (value as number) >= 0,
};

const ASSERTIONS: ReadonlyMap<string, Assertion> = new Map<string, Assertion>([
  ['const', { allowed: 'any value', test: () => true }],
  ['enum', { allowed: `a list of 1–${MAX_LIST} values`, test: (value) => isList(value, 1) }],
  ['required', { allowed: `a list of at most ${MAX_LIST} different names`, test: isListOfNames }],
  ['multipleOf', { allowed: 'a number above 0', test: (value) => typeof value === 'number' && value > 0 }],
  ['uniqueItems', { allowed: 'true or false', test: (value) => typeof value === 'boolean' }],
  [
    'pattern',
    {
      allowed: `a regular expression of at most ${MAX_PATTERN} characters that can be tried within ${PATTERN_TIMEOUT_MS} ms`,
      test: isPattern,
    },
  ],
  ...['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'].map((name): [string, Assertion] => [name, NUMBER]),
  ...['minLength', 'maxLength', 'minItems', 'maxItems', 'minProperties', 'maxProperties'].map((name): [string, Assertion] => [
    name,
    COUNT,
  ]),
]);

function readAssertion(keyword: string, value: unknown, at: string): unknown {
  const assertion = ASSERTIONS.get(keyword);
  if (assertion === undefined) return fail(at, 'is not supported; docs/pipeline-host.md lists the keywords that are');
  return assertion.test(value) ? value : fail(at, `must be ${assertion.allowed}`);
}

function readType(value: unknown, at: string): unknown {
  const types = Array.isArray(value) ? value : [value];
  if (types.length > 0 && types.every((type) => TYPES.has(type)) && new Set(types).size === types.length) return value;
  return fail(at, `must be one or more of ${[...TYPES].join(', ')}`);
}

function isAnnotation(keyword: string): boolean {
  return ANNOTATIONS.has(keyword) || /^x-[\w-]{1,64}$/u.test(keyword);
}

/** `__proto__` and `constructor` are names that no request may have. */
function mayBeProperty(name: string): boolean {
  return name.length <= MAX_NAME && name !== '__proto__' && name !== 'constructor';
}

function isList(value: unknown, minLength: number): value is readonly unknown[] {
  return Array.isArray(value) && value.length >= minLength && value.length <= MAX_LIST;
}

function isListOfNames(value: unknown): boolean {
  if (!isList(value, 0)) return false;
  return value.every((name) => typeof name === 'string' && mayBeProperty(name)) && new Set(value).size === value.length;
}

function isPattern(value: unknown): boolean {
  if (typeof value !== 'string' || value.length > MAX_PATTERN) return false;
  try {
    const pattern = new RegExp(value, 'u');
    // The engine compiles a pattern when it is first run, for texts of Latin 1 apart from others; what it has no room or time for shows only then.
    withTimeLimit(() => PATTERN_SUBJECTS.map((subject) => pattern.test(subject)), PATTERN_TIMEOUT_MS);
    return true;
  } catch {
    return false;
  }
}

function escapeToken(token: string): string {
  return token.slice(0, MAX_NAME).replaceAll('~', '~0').replaceAll('/', '~1');
}

function fail(pointer: string, problem: string): never {
  throw new DeclarationError(`config schema${pointer === '' ? '' : ` at ${pointer}`} ${problem}`);
}
