import { Logger } from '@nestjs/common';
import { Ajv2020, type ErrorObject, type Options, type ValidateFunction } from 'ajv/dist/2020.js';
import type { FieldError } from '../../common/index.js';
import { errorMessage } from '../contract/error-message.js';
import { readConfigSchema } from './config-schema.js';
import { DeclarationError } from './declaration.error.js';
import { toFieldErrors } from './schema-errors.js';
import { TimeLimitError, withTimeLimit } from './time-limit.js';

/** The check runs between two packets of every session, so it is short whatever a pipeline's schema and a client's config do together. */
const CHECK_TIMEOUT_MS = 100;
/** A config with more values than these is told of its first error only. */
const MAX_VALUES_FOR_ALL_ERRORS = 1000;

const OPTIONS = {
  // Everything in the schema was understood by `readConfigSchema`; what it says is for clients is none of the validator's business.
  strict: false,
  meta: false,
  validateSchema: false,
  validateFormats: false,
  addUsedSchema: false,
  logger: false,
  // A property is what a config has, never what every object inherits, such as `toString`.
  ownProperties: true,
} as const;

/** A pipeline's schema for the `config` of an offer, and the check by it. */
export class ConfigCheck {
  /** The schema as clients see it: valid by itself, without references. */
  readonly schema: Readonly<Record<string, unknown>>;
  readonly #findFirst: ValidateFunction;
  readonly #findAll: ValidateFunction;
  readonly #timeoutMs: number;

  /** @throws DeclarationError for a schema that is not taken */
  constructor(declared: Readonly<Record<string, unknown>>, { timeoutMs = CHECK_TIMEOUT_MS } = {}) {
    this.schema = readConfigSchema(declared);
    this.#findFirst = compile(this.schema, OPTIONS);
    this.#findAll = compile(this.schema, { ...OPTIONS, allErrors: true });
    this.#timeoutMs = timeoutMs;
    // The engine compiles what it was given when it is first run, which for a large schema takes longer than any check.
    this.#findFirst({});
    this.#findAll({});
  }

  /** What is wrong with a config, with pointers into the offer; empty when nothing is. The config is left as it is. */
  check(config: Readonly<Record<string, unknown>>): readonly FieldError[] {
    let first: readonly ErrorObject[] = [];
    try {
      // Both searches share one limit: a config that is wrong costs no more than one that is right.
      const errors = withTimeLimit(() => {
        first = search(this.#findFirst, config);
        return first.length === 0 || hasMoreValues(config, MAX_VALUES_FOR_ALL_ERRORS) ? first : search(this.#findAll, config);
      }, this.#timeoutMs);
      return toFieldErrors(errors);
    } catch (error) {
      if (!isBrokenOff(error)) throw error;
      new Logger(ConfigCheck.name).warn(
        `A config could not be checked within ${this.#timeoutMs} ms and was refused: the pipeline's schema has a pattern that backtracks, or too many branches.`,
      );
      // What was found before the search for the others was broken off is wrong all the same.
      if (first.length > 0) return toFieldErrors(first);
      return [
        { pointer: '/config', detail: `config could not be checked by the pipeline's schema within ${this.#timeoutMs} ms` },
      ];
    }
  }
}

function search(validate: ValidateFunction, config: unknown): readonly ErrorObject[] {
  return validate(config) ? [] : (validate.errors ?? []);
}

/** A regular expression may also have no room left to backtrack in before its time is over. */
function isBrokenOff(error: unknown): boolean {
  return error instanceof TimeLimitError || (error instanceof RangeError && /call stack/u.test(error.message));
}

function compile(schema: Readonly<Record<string, unknown>>, options: Options): ValidateFunction {
  try {
    return new Ajv2020(options).compile(schema);
  } catch (error) {
    throw new DeclarationError(`config schema cannot be compiled: ${errorMessage(error)}`, { cause: error });
  }
}

function hasMoreValues(value: unknown, limit: number): boolean {
  const pending: unknown[] = [value];
  for (let count = 0; pending.length > 0; count += 1) {
    if (count + pending.length > limit) return true;
    const next = pending.pop();
    if (typeof next !== 'object' || next === null) continue;
    const children = Object.values(next);
    if (children.length > limit) return true;
    pending.push(...children);
  }
  return false;
}
