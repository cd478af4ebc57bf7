import { type ArgumentMetadata, Injectable, type PipeTransform } from '@nestjs/common';
import { validate, type ValidationError } from 'class-validator';

import { type FieldError, Problem } from '../errors/problem.js';

/** Fields that would change what the object is, instead of what it holds. */
const FORBIDDEN_FIELDS: readonly string[] = ['__proto__', 'constructor'];
const PRIMITIVES: readonly unknown[] = [String, Number, Boolean, Array, Object];
const MAX_ERRORS = 32;
const MAX_ERRORS_IN_DETAIL = 3;

/**
 * Checks bodies, parameters and queries against their DTO class (class-validator) and hands the controller an instance of it.
 *
 * Unlike Nest's `ValidationPipe` it does not run class-transformer: that copies the whole request value by value and follows a
 * `constructor` key into the client's data, while here free-form fields go on to the pipeline exactly as they came. Fields that the
 * class does not declare are kept, as own properties of the instance. No value is converted, so a DTO of parameters has strings.
 *
 * @throws Problem `validation-failed` that points at every invalid field.
 */
@Injectable()
export class RequestValidationPipe implements PipeTransform {
  async transform(value: unknown, { metatype, type }: ArgumentMetadata): Promise<unknown> {
    if (metatype === undefined || type === 'custom' || PRIMITIVES.includes(metatype)) return value;
    if (!isPlainObject(value)) throw failed([{ pointer: '', detail: 'The body must be a JSON object' }]);
    const forbidden = FORBIDDEN_FIELDS.filter((field) => Object.hasOwn(value, field));
    if (forbidden.length > 0)
      throw failed(forbidden.map((field) => ({ pointer: `/${field}`, detail: `${field} is not allowed as a field` })));

    const instance = Object.assign(new metatype() as object, value);
    const errors = await validate(instance, { forbidUnknownValues: true, validationError: { target: false, value: false } });
    if (errors.length > 0) throw failed(errors.flatMap((error) => fieldErrors(error, '')));
    return instance;
  }
}

function failed(errors: readonly FieldError[]): Problem {
  const shown = errors.slice(0, MAX_ERRORS_IN_DETAIL).map(({ detail }) => detail);
  if (errors.length > shown.length) shown.push(`and ${errors.length - shown.length} more`);
  return new Problem('validation-failed', `${shown.join('; ')}.`, { errors: errors.slice(0, MAX_ERRORS) });
}

function fieldErrors({ property, constraints, children }: ValidationError, parent: string): FieldError[] {
  // RFC 6901, section 3: "~" and "/" are escaped inside a reference token.
  const pointer = `${parent}/${property.replaceAll('~', '~0').replaceAll('/', '~1')}`;
  const own = Object.values(constraints ?? {}).map((detail) => ({ pointer, detail }));
  return [...own, ...(children ?? []).flatMap((child) => fieldErrors(child, pointer))];
}

function isPlainObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
