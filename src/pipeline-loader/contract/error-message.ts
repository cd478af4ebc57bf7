const MAX_CHARACTERS = 1000;

/** Causes of causes that are named. */
const MAX_CAUSES = 3;

/** One line about anything that was thrown and what caused it, at most 1000 characters. Never throws, whatever it is given. */
export function errorMessage(thrown: unknown): string {
  let text: string;
  try {
    text = thrown instanceof Error ? withCauses(thrown) : String(thrown);
  } catch {
    text = 'an error that cannot be read';
  }
  // Control characters would let a prompt that ends up in an error write lines of its own into the log (CWE-117).
  const line = text.replace(/[\s\p{Cc}\u2028\u2029]*[\p{Cc}\u2028\u2029][\s\p{Cc}\u2028\u2029]*/gu, ' ').trim() || 'no message';
  return line.length > MAX_CHARACTERS ? `${line.slice(0, MAX_CHARACTERS)}…` : line;
}

/** `fetch failed` alone helps nobody. */
function withCauses(error: Error): string {
  let text = error.message || error.name;
  let { cause } = error;
  for (let count = 0; count < MAX_CAUSES && cause instanceof Error; count += 1) {
    const { message, name } = cause;
    if (!text.includes(message || name)) text += `: ${message || name}`;
    ({ cause } = cause);
  }
  return text;
}

/** The stack of anything that was thrown, if it has one. */
export function errorStack(thrown: unknown): { stack?: string } {
  return thrown instanceof Error && typeof thrown.stack === 'string' ? { stack: thrown.stack } : {};
}
