import { StreamError } from '@telefuser/stream-client';
import { describe, expect, it } from 'vitest';
import { failureOf } from './failure.ts';

const problem = { type: 'urn:telefuser:problem:x', title: 'x', status: 422, detail: 'x', code: 'validation-failed' };

describe('a failure as the studio tells it', () => {
  it('says what happened and what to do, and what can be done about it', () => {
    expect(failureOf(new StreamError('max-sessions', 'All 2 session slots are taken.'))).toMatchObject({
      title: 'The server is full',
      action: 'retry',
      code: 'max-sessions',
    });
    expect(failureOf(new StreamError('unauthenticated', 'x')).action).toBe('credential');
    expect(failureOf(new StreamError('connection-failed', 'x')).action).toBe('relay');
    expect(failureOf(new StreamError('media-denied', 'x')).action).toBe('devices');
  });

  it('names the fields that the server refused, and the request', () => {
    const errors = [{ pointer: '/config/steps', detail: 'steps must be at most 50' }];
    const failure = failureOf(
      new StreamError('validation-failed', 'The request has invalid fields.', {
        problem: { ...problem, errors, instance: 'urn:telefuser:request:abc-1' },
      }),
    );
    expect(failure.action).toBe('edit');
    expect(failure.requestId).toBe('abc-1');
    expect(failure.fields.get('/config/steps')).toBe('steps must be at most 50');
    expect(failure.text).toBe('Correct the marked fields and start again.');
    expect(failureOf(new StreamError('session-refused', 'No such style')).text).toMatch(/^No such style\. /u);
  });

  it('has words for what is no failure of the SDK', () => {
    expect(failureOf(new TypeError('x is undefined'))).toMatchObject({ title: 'Something went wrong', text: 'x is undefined' });
  });
});
