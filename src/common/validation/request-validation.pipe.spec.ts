import 'reflect-metadata';

import type { ArgumentMetadata } from '@nestjs/common';
import { IsInt, IsObject, IsOptional, IsString } from 'class-validator';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { Problem } from '../errors/problem.js';
import { RequestValidationPipe } from './request-validation.pipe.js';

class ExampleDto {
  @IsString()
  readonly name!: string;

  @IsOptional()
  @IsInt()
  readonly count?: number;

  @IsOptional()
  @IsObject()
  readonly config?: object;
}

const pipe = new RequestValidationPipe();
const body: ArgumentMetadata = { type: 'body', metatype: ExampleDto };

async function refusalOf(value: unknown): Promise<Problem> {
  const error: unknown = await pipe.transform(value, body).catch((reason: unknown) => reason);
  if (error instanceof Problem) return error;
  throw new Error('The value was accepted');
}

describe('RequestValidationPipe', () => {
  it('gives an instance of the class and keeps fields that the class does not know', async () => {
    const fields = JSON.parse('{"name":"a","extra":{"deep":[1,{"x":null}]},"then":1,"hasOwnProperty":2}') as object;
    const value = await pipe.transform(fields, body);
    expect(value).toBeInstanceOf(ExampleDto);
    expect(value).toMatchObject(fields);
  });

  it('hands free-form values on as the very objects they are', async () => {
    const config = JSON.parse('{"constructor": "x", "list": [{"then": true}]}') as object;
    const value = (await pipe.transform({ name: 'a', config }, body)) as ExampleDto;
    expect(value.config).toBe(config);
  });

  it('points at every invalid field', async () => {
    const problem = await refusalOf({ name: 1, count: 1.5, config: [] });
    expect(problem.code).toBe('validation-failed');
    expect(problem.errors.map(({ pointer }) => pointer)).toEqual(['/name', '/count', '/config']);
    expect(problem.detail).toContain('name must be a string');
  });

  it.each([[undefined], [null], [[]], ['text'], [7], [true]])('refuses the body %j, which is no object', async (value) => {
    expect((await refusalOf(value)).errors).toEqual([{ pointer: '', detail: 'The body must be a JSON object' }]);
  });

  it.each(['{"name":"a","__proto__":{"count":"x"}}', '{"name":"a","constructor":{}}'])(
    'refuses %s, which would turn validation off',
    async (json) => {
      expect((await refusalOf(JSON.parse(json))).errors).toHaveLength(1);
      expect(new ExampleDto().count).toBeUndefined();
    },
  );

  it('leaves values alone that have no class to check against', async () => {
    expect(await pipe.transform('id', { type: 'param', metatype: String, data: 'id' })).toBe('id');
    expect(await pipe.transform({ a: 1 }, { type: 'body' })).toEqual({ a: 1 });
    expect(await pipe.transform(1, { type: 'custom', metatype: ExampleDto })).toBe(1);
  });

  it('accepts any JSON object or refuses it with a problem, and never fails otherwise', async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (value) => {
        const result: unknown = await pipe.transform(value, body).catch((error: unknown) => error);
        expect(result instanceof ExampleDto || (result instanceof Problem && result.code === 'validation-failed')).toBe(true);
      }),
    );
  });
});
