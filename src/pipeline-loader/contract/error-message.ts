const MAX_CHARACTERS = 1000;

/** One line about anything that was thrown, at most 1000 characters. Never throws, whatever it is given. */
export function errorMessage(thrown: unknown): string {
  let text: string;
  try {
    text = thrown instanceof Error ? thrown.message || thrown.name : String(thrown);
  } catch {
    text = 'an error that cannot be read';
  }
  // Control characters would let a prompt that ends up in an error write lines of its own into the log (CWE-117).
  const line = text.replace(/[\s\p{Cc}\u2028\u2029]*[\p{Cc}\u2028\u2029][\s\p{Cc}\u2028\u2029]*/gu, ' ').trim() || 'no message';
  return line.length > MAX_CHARACTERS ? `${line.slice(0, MAX_CHARACTERS)}…` : line;
}

/** The stack of anything that was thrown, if it has one. */
export function errorStack(thrown: unknown): { stack?: string } {
  return thrown instanceof Error && typeof thrown.stack === 'string' ? { stack: thrown.stack } : {};
}
