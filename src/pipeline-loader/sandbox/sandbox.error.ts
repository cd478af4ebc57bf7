/** A security level cannot be held here. The message is one line, with what to do. */
export class SandboxError extends Error {
  override readonly name = 'SandboxError';
}
