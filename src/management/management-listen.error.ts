/** The management listener cannot listen. Told apart from the listener of the API, so that the right variable is named. */
export class ManagementListenError extends Error {
  override readonly name = 'ManagementListenError';
  /** Node's, such as `EADDRINUSE`. */
  readonly code: string | undefined;

  constructor(
    readonly host: string,
    readonly port: number,
    cause: unknown,
  ) {
    super(`the management listener cannot listen on port ${port} of ${host}: ${String(cause)}`, { cause });
    this.code = (cause as NodeJS.ErrnoException).code;
  }
}
