import { PROBLEM_CATALOGUE, problemType, type ProblemCode } from './catalogue.js';

/** One field of the request that is wrong. */
export interface FieldError {
  /** JSON pointer into the body (RFC 6901), for example `/sdp`; the empty string is the whole body. */
  readonly pointer: string;
  readonly detail: string;
}

/** The body of an error answer: an RFC 9457 problem document, `application/problem+json`. */
export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ProblemCode;
  readonly instance?: string;
  readonly errors?: readonly FieldError[];
}

/** What a `Problem` may carry beside its code and detail. */
export interface ProblemOptions {
  readonly cause?: unknown;
  /** Whole seconds for `Retry-After`; default: the catalogue's. */
  readonly retryAfterSeconds?: number;
  readonly errors?: readonly FieldError[];
  /** Further headers of the answer, such as `WWW-Authenticate`. */
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * An expected failure that has an HTTP answer. Throw it from anywhere below a controller; `ProblemFilter` turns it into the answer.
 * `detail` is shown to the client, so it says what was wrong with *this* request and holds no secret and no path of this machine.
 */
export class Problem extends Error {
  readonly code: ProblemCode;
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  readonly errors: readonly FieldError[];
  readonly retryAfterSeconds: number | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: ProblemCode, detail: string, options: ProblemOptions = {}) {
    super(detail, options.cause === undefined ? {} : { cause: options.cause });
    const entry = PROBLEM_CATALOGUE[code];
    this.name = 'Problem';
    this.code = code;
    this.status = entry.status;
    this.title = entry.title;
    this.detail = detail;
    this.errors = options.errors ?? [];
    this.retryAfterSeconds = options.retryAfterSeconds ?? entry.retryAfterSeconds;
    this.headers = options.headers ?? {};
  }

  /**
   * The answer's body.
   * @param requestId makes `instance`, the name of this occurrence (RFC 9457 section 3.1.5); the log lines of the request have it
   */
  toDocument(requestId?: string): ProblemDocument {
    return {
      type: problemType(this.code),
      title: this.title,
      status: this.status,
      detail: this.detail,
      code: this.code,
      ...(requestId !== undefined && { instance: `urn:telefuser:request:${requestId}` }),
      ...(this.errors.length > 0 && { errors: this.errors }),
    };
  }
}
