/** OpenAPI 3.1.1, section 4.1: the version that an upgraded document names. */
const UPGRADED_VERSION = '3.1.1';

/** Keys of OpenAPI objects whose values are data, in which what looks like a schema is none. */
const DATA_KEYS = new Set(['example', 'examples', 'default', 'enum', 'value', 'extensions']);

type JsonObject = Readonly<Record<string, unknown>>;

/**
 * The same API in OpenAPI 3.1, whose schemas are JSON Schema 2020-12: what may be null names the type `null`, and an `example` is one of
 * `examples`. Clients generated from either document speak alike. The given document stays as it is. Pure.
 * @param document in OpenAPI 3.0, as JSON
 * @throws Error when a schema says something in 3.0's way that is not known here, rather than a document that means something else
 */
export function upgradeDocument(document: JsonObject): JsonObject {
  return { ...(upgradeNode(document, []) as JsonObject), openapi: UPGRADED_VERSION };
}

function upgradeNode(node: unknown, path: readonly string[]): unknown {
  if (Array.isArray(node)) return node.map((item, index) => upgradeNode(item, [...path, String(index)]));
  if (!isObject(node)) return node;
  return mapValues(node, (value, key) => {
    if (DATA_KEYS.has(key)) return value;
    const child = [...path, key];
    if (key === 'schema') return upgradeSchema(value, child);
    if (key === 'schemas' && path.at(-1) === 'components' && isObject(value)) {
      return mapValues(value, (schema, name) => upgradeSchema(schema, [...child, name]));
    }
    return upgradeNode(value, child);
  });
}

function upgradeSchema(schema: unknown, path: readonly string[]): unknown {
  // `additionalProperties` may be a boolean.
  if (!isObject(schema)) return schema;
  for (const limit of ['exclusiveMinimum', 'exclusiveMaximum']) {
    if (typeof schema[limit] === 'boolean') throw new Error(`/${path.join('/')}: a boolean ${limit} is not upgraded`);
  }
  const { nullable, example, ...rest } = mapValues(schema, (value, key) => upgradeKeyword(value, key, [...path, key]));
  const examples = example === undefined ? {} : { examples: [example] };
  if (nullable !== true) return { ...rest, ...examples };
  if (typeof rest['type'] !== 'string') throw new Error(`/${path.join('/')}: nullable without a type is not upgraded`);
  return { ...rest, type: [rest['type'], 'null'], ...examples };
}

function upgradeKeyword(value: unknown, key: string, path: readonly string[]): unknown {
  switch (key) {
    case 'properties':
      return isObject(value) ? mapValues(value, (schema, name) => upgradeSchema(schema, [...path, name])) : value;
    case 'items':
    case 'additionalProperties':
    case 'not':
      return upgradeSchema(value, path);
    case 'allOf':
    case 'anyOf':
    case 'oneOf':
      return Array.isArray(value) ? value.map((schema, index) => upgradeSchema(schema, [...path, String(index)])) : value;
    default:
      return value;
  }
}

function mapValues(object: JsonObject, change: (value: unknown, key: string) => unknown): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value, key)]));
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
