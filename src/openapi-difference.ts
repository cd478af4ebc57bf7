/**
 * Where two JSON values first differ, in words with a JSON pointer (RFC 6901), or undefined when they are equal. The order of an
 * object's keys does not count. Pure.
 */
export function firstDifference(committed: unknown, built: unknown, pointer = ''): string | undefined {
  if (committed === built) return undefined;
  if (!isContainer(committed) || !isContainer(built) || Array.isArray(committed) !== Array.isArray(built)) {
    return `${pointer || 'its root'}: committed ${excerpt(committed)}, built ${excerpt(built)}`;
  }
  for (const key of new Set([...Object.keys(committed), ...Object.keys(built)])) {
    const child = `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    const difference = firstDifference(own(committed, key), own(built, key), child);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

function own(container: object, key: string): unknown {
  return Object.hasOwn(container, key) ? (container as Record<string, unknown>)[key] : undefined;
}

function excerpt(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > 120 ? `${text.slice(0, 120)}…` : text;
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
