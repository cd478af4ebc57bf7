/**
 * Says whether a parsed JSON value nests deeper than `maxDepth`: a scalar has depth 0, `[]` and `{}` depth 1, `[[]]` depth 2.
 *
 * It walks with its own stack, so that the very values it is meant to refuse cannot overflow the call stack, and it stops at the
 * first branch that is too deep. Only own enumerable properties count, which is what `JSON.parse` makes.
 */
export function exceedsJsonDepth(value: unknown, maxDepth: number): boolean {
  const pending: { node: object; depth: number }[] = [];
  if (isContainer(value)) pending.push({ node: value, depth: 1 });
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (next.depth > maxDepth) return true;
    for (const child of Object.values(next.node) as unknown[]) {
      if (isContainer(child)) pending.push({ node: child, depth: next.depth + 1 });
    }
  }
  return false;
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
