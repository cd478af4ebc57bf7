/** A native codec call failed in a way its input does not explain: an encoder that will not open, memory that ran out. */
export class CodecError extends Error {
  override readonly name: string = 'CodecError';
}

/** The object was closed; nothing more can be asked of it. */
export class CodecClosedError extends CodecError {
  override readonly name = 'CodecClosedError';

  constructor() {
    super('The codec is closed.');
  }
}

/** More calls wait on one codec than it accepts: its caller does not wait for the answers. */
export class CodecBusyError extends CodecError {
  override readonly name = 'CodecBusyError';

  constructor(limit: number) {
    super(`More than ${limit} calls wait for this codec; wait for the answer to a call before making the next.`);
  }
}
