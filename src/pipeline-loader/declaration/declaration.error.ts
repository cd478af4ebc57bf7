/** What a service says of itself is not what it may say. The message completes "the service's". */
export class DeclarationError extends Error {
  override readonly name = 'DeclarationError';
}
