import { isRecord } from '../protocol/field-readers.js';

/** What references of a schema may name, by `$defs/Name`. */
export type Definitions = ReadonlyMap<string, unknown>;

/** The definitions at the top of a schema, under their name of today (`$defs`) and of JSON Schema draft 7 (`definitions`). */
export function readDefinitions(schema: Readonly<Record<string, unknown>>): Definitions {
  const definitions = new Map<string, unknown>();
  for (const keyword of ['$defs', 'definitions']) {
    const group = schema[keyword];
    if (!isRecord(group)) continue;
    for (const [name, definition] of Object.entries(group)) definitions.set(`${keyword}/${name}`, definition);
  }
  return definitions;
}

/**
 * The definition that a reference names, as {@link readDefinitions} calls it.
 *
 * @param refuse is called for any other reference, and throws
 */
export function localReference(reference: unknown, refuse: (problem: string) => never): string {
  const [, keyword = '', token = ''] =
    /^#\/(\$defs|definitions)\/([^/]+)$/u.exec(typeof reference === 'string' ? reference : '') ?? [];
  if (keyword === '') return refuse('must name a definition of the schema, such as "#/$defs/Name"');
  return `${keyword}/${decode(token).replaceAll('~1', '/').replaceAll('~0', '~')}`;
}

/** A pointer in a URI fragment may be percent-encoded (RFC 6901 section 6). */
function decode(token: string): string {
  try {
    return decodeURIComponent(token);
  } catch {
    return token;
  }
}
