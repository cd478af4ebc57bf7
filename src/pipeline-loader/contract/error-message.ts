const MAX_CHARACTERS = 1000;

/** One line about anything that was thrown, at most 1000 characters. Never throws, whatever it is given. */
export function errorMessage(thrown: unknown): string {
  let text: string;
  try {
    text = thrown instanceof Error ? thrown.message || thrown.name : String(thrown);
  } catch {
    text = 'an error that cannot be read';
  }
  const line = text.replace(/\s*\n\s*/g, ' ').trim() || 'no message';
  return line.length > MAX_CHARACTERS ? `${line.slice(0, MAX_CHARACTERS)}…` : line;
}

/** The stack of anything that was thrown, if it has one. */
export function errorStack(thrown: unknown): { stack?: string } {
  return thrown instanceof Error && typeof thrown.stack === 'string' ? { stack: thrown.stack } : {};
}
