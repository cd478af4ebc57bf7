import { BadRequestException, HttpException, NotFoundException, PayloadTooLargeException } from '@nestjs/common';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { PROBLEM_CATALOGUE } from './catalogue.js';
import { toProblem } from './problem.filter.js';
import { Problem } from './problem.js';

const fastifyError = (code: string, statusCode: number): Error => Object.assign(new Error('Body is wrong'), { code, statusCode });

describe('toProblem', () => {
  it('keeps a problem as it is', () => {
    const problem = new Problem('session-conflict', 'A session "a" is already open.');
    expect(toProblem(problem)).toBe(problem);
  });

  it.each([
    [new NotFoundException('Cannot GET /x'), 'not-found'],
    [new PayloadTooLargeException('too large'), 'body-too-large'],
    [new BadRequestException('bad'), 'malformed-request'],
    [fastifyError('FST_ERR_CTP_INVALID_MEDIA_TYPE', 415), 'unsupported-media-type'],
    [fastifyError('FST_ERR_CTP_BODY_TOO_LARGE', 413), 'body-too-large'],
    [fastifyError('FST_ERR_CTP_INVALID_JSON_BODY', 400), 'malformed-request'],
    [fastifyError('FST_ERR_MAX_PARAM_LENGTH', 414), 'malformed-request'],
    [new HttpException('busy', 503), 'service-not-running'],
  ])('names the refusal %s of the framework', (error, code) => {
    expect(toProblem(error)).toMatchObject({ code, detail: expect.stringMatching(/\.$/u) as string });
  });

  it('says nothing of an error it does not know, whatever was thrown', () => {
    const { example } = PROBLEM_CATALOGUE['internal-error'];
    const secrets = [
      new Error('secret'),
      new HttpException('secret', 500),
      new Problem('internal-error', 'secret'),
      'secret',
      undefined,
      null,
    ];
    const otherLibrarys = Object.assign(new Error('secret'), { statusCode: 404 });
    for (const error of [...secrets, otherLibrarys]) {
      const problem = toProblem(error);
      expect(problem.code).toBe('internal-error');
      expect(problem.toDocument().detail).toBe(example);
    }
  });

  it('makes a complete document of any thrown value', () => {
    fc.assert(
      fc.property(fc.anything(), (thrown) => {
        const document = toProblem(thrown).toDocument();
        expect(document).toMatchObject({
          type: `urn:telefuser:problem:${document.code}`,
          status: PROBLEM_CATALOGUE[document.code].status,
        });
      }),
    );
  });
});

describe('Problem', () => {
  it('carries its cause, fields and Retry-After', () => {
    const cause = new Error('why');
    const problem = new Problem('max-sessions', 'All taken.', {
      cause,
      retryAfterSeconds: 9,
      errors: [{ pointer: '/a', detail: 'b' }],
    });
    expect(problem).toMatchObject({ cause, retryAfterSeconds: 9, status: 503, message: 'All taken.' });
    expect(problem.toDocument().errors).toEqual([{ pointer: '/a', detail: 'b' }]);
  });

  it('names its occurrence by the request', () => {
    const problem = new Problem('max-sessions', 'All taken.');
    expect(problem.toDocument('edge-1').instance).toBe('urn:telefuser:request:edge-1');
    expect(problem.toDocument()).not.toHaveProperty('instance');
  });

  it('leaves errors out of the document when there are none, and takes Retry-After from the catalogue', () => {
    const problem = new Problem('service-not-running', 'Starting.');
    expect(problem.toDocument()).not.toHaveProperty('errors');
    expect(problem.retryAfterSeconds).toBe(PROBLEM_CATALOGUE['service-not-running'].retryAfterSeconds);
    expect(new Problem('not-found', 'x').retryAfterSeconds).toBeUndefined();
  });
});
