const MAX_DEPTH = 32;
const MAX_TYPED_ARRAY_VALUES = 1024;

/**
 * A copy of `value` that JSON can hold. What JSON cannot hold becomes a string, because the client is better served by a readable
 * word than by a lost message: bigint, NaN, functions, symbols, dates, errors. Maps become objects, sets and short typed arrays
 * become arrays. A cycle becomes `"[circular]"`, what is nested deeper than 32 levels `"[too deep]"`, a getter that throws
 * `"[unreadable]"`. `undefined` and the key `__proto__` are left out of objects. Never throws.
 */
export function toJsonValue(value: unknown): unknown {
  return convert(value, []);
}

function convert(value: unknown, path: object[]): unknown {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      // JSON knows no negative zero; adding zero makes it the usual one.
      return Number.isFinite(value) ? value + 0 : String(value);
    case 'undefined':
      return null;
    case 'bigint':
    case 'symbol':
      return String(value);
    case 'function':
      return `[function ${value.name}]`;
    case 'object':
      return value === null ? null : convertObject(value, path);
  }
}

function convertObject(value: object, path: object[]): unknown {
  if (path.includes(value)) return '[circular]';
  if (path.length >= MAX_DEPTH) return '[too deep]';
  path.push(value);
  try {
    return convertMembers(value, path);
  } catch {
    // A revoked proxy, a throwing toJSON or iterator: the pipeline's object, the pipeline's fault, and not worth a lost chunk.
    return '[unreadable]';
  } finally {
    path.pop();
  }
}

function convertMembers(value: object, path: object[]): unknown {
  if (Array.isArray(value)) return Array.from(value, (item) => convert(item, path));
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  if (value instanceof RegExp || value instanceof URL) return String(value);
  if (value instanceof Map)
    return convertEntries(
      Array.from(value, ([key, item]) => [String(key), () => item]),
      path,
    );
  if (value instanceof Set) return Array.from(value, (item) => convert(item, path));
  if (ArrayBuffer.isView(value)) return convertView(value, path);
  if (value instanceof ArrayBuffer) return `[ArrayBuffer of ${value.byteLength} bytes]`;
  const { toJSON } = value as { toJSON?: unknown };
  if (typeof toJSON === 'function') return convert(toJSON.call(value), path);
  const record = value as Record<string, unknown>;
  return convertEntries(
    Object.keys(value).map((key) => [key, () => record[key]]),
    path,
  );
}

function convertView(value: ArrayBufferView, path: object[]): unknown {
  if (value instanceof DataView) return `[DataView of ${value.byteLength} bytes]`;
  const values = value as unknown as ArrayLike<number | bigint>;
  if (values.length > MAX_TYPED_ARRAY_VALUES) return `[${value.constructor.name} of ${values.length}]`;
  return Array.from(values, (item) => convert(item, path));
}

function convertEntries(entries: readonly (readonly [string, () => unknown])[], path: object[]): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  for (const [key, read] of entries) {
    if (key === '__proto__') continue;
    let item: unknown;
    try {
      item = read();
    } catch {
      item = '[unreadable]';
    }
    if (item !== undefined) object[key] = convert(item, path);
  }
  return object;
}
