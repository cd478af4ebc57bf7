import 'reflect-metadata';

import { describe, expect, it } from 'vitest';

import { ApiProblems, PROBLEM_MEDIA_TYPE } from './api-problems.decorator.js';

class Example {
  @ApiProblems('unauthenticated', 'insufficient-scope', 'token-used', 'invalid-sdp', 'negotiation-failed', 'max-sessions')
  operation(): void {
    // Only its decorator matters.
  }
}

type Responses = Record<
  string,
  { content: Record<string, { examples: Record<string, { value: { status: number; code: string } }> }>; headers?: object }
>;

describe('ApiProblems', () => {
  const responses = Reflect.getMetadata(
    'swagger/apiResponse',
    Object.getOwnPropertyDescriptor(Example.prototype, 'operation')?.value as object,
  ) as Responses;

  it('declares one response per status, and always the internal error', () => {
    expect(Object.keys(responses)).toEqual(['400', '401', '403', '500', '503']);
  });

  it('gives an example for each code, with that code and status', () => {
    for (const [status, { content }] of Object.entries(responses)) {
      for (const [code, { value }] of Object.entries(content[PROBLEM_MEDIA_TYPE]?.examples ?? {})) {
        expect(value).toMatchObject({ code, status: Number(status) });
      }
    }
    expect(Object.keys(responses['400']?.content[PROBLEM_MEDIA_TYPE]?.examples ?? {})).toEqual([
      'invalid-sdp',
      'negotiation-failed',
    ]);
  });

  it('declares Retry-After where it is sent', () => {
    expect(responses['503']?.headers).toHaveProperty('Retry-After');
    expect(responses['400']?.headers).toBeUndefined();
  });

  it('declares WWW-Authenticate where it is sent', () => {
    for (const status of ['401', '403']) expect(Object.keys(responses[status]?.headers ?? {})).toEqual(['WWW-Authenticate']);
    expect(responses['503']?.headers).not.toHaveProperty('WWW-Authenticate');
  });
});
