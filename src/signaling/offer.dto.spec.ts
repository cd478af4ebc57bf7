import 'reflect-metadata';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Problem, RequestValidationPipe } from '../common/index.js';
import { OfferDto } from './offer.dto.js';

// The pipe exactly as `configureApp` installs it for every route.
const pipe = new RequestValidationPipe();
const GOOD = { sdp: 'v=0\r\n', type: 'offer', task: 't2v' };

async function accept(body: unknown): Promise<unknown> {
  return pipe.transform(body, { type: 'body', metatype: OfferDto });
}

async function pointersOfRefusal(body: unknown): Promise<string[]> {
  try {
    await accept(body);
  } catch (error) {
    if (error instanceof Problem && error.code === 'validation-failed') return error.errors.map(({ pointer }) => pointer);
    throw error;
  }
  throw new Error('the body was accepted');
}

describe('OfferDto', () => {
  it('takes a whole offer, and keeps every further field as it is', async () => {
    const body = {
      ...GOOD,
      session_id: 'demo-1',
      prompt: 'a lighthouse',
      fps: 23.976,
      config: { duration_s: 30, deep: [{ x: null }] },
      seed: 7,
      negative_prompt: null,
    };
    const dto = await accept(body);
    expect(dto).toBeInstanceOf(OfferDto);
    expect({ ...(dto as object) }).toEqual(body);
  });

  it.each([
    ['only what is required', { sdp: 'v=0', task: 't' }],
    ['null for what is optional', { ...GOOD, type: null, session_id: null, prompt: null, fps: null, config: null }],
    ['the longest task', { ...GOOD, task: 'x'.repeat(256) }],
    ['the longest prompt', { ...GOOD, prompt: 'x'.repeat(100_000) }],
    ['an empty prompt', { ...GOOD, prompt: '' }],
    ['the lowest pace', { ...GOOD, fps: 1 }],
    ['the highest pace', { ...GOOD, fps: 240 }],
    ['the longest session id', { ...GOOD, session_id: 'x'.repeat(128) }],
  ])('takes %s', async (_what, body) => {
    expect(await accept(body)).toBeInstanceOf(OfferDto);
  });

  const { sdp: _sdp, ...withoutSdp } = GOOD;
  const { task: _task, ...withoutTask } = GOOD;
  it.each([
    ['no sdp', withoutSdp, '/sdp'],
    ['sdp: null', { ...GOOD, sdp: null }, '/sdp'],
    ['sdp: a number', { ...GOOD, sdp: 1 }, '/sdp'],
    ['sdp: an object', { ...GOOD, sdp: { length: 1 } }, '/sdp'],
    ['type: answer', { ...GOOD, type: 'answer' }, '/type'],
    ['type: an array', { ...GOOD, type: ['offer'] }, '/type'],
    ['no task', withoutTask, '/task'],
    ['task: empty', { ...GOOD, task: '' }, '/task'],
    ['task: too long', { ...GOOD, task: 'x'.repeat(257) }, '/task'],
    ['task: a boolean', { ...GOOD, task: true }, '/task'],
    ['session_id: empty', { ...GOOD, session_id: '' }, '/session_id'],
    ['session_id: a path', { ...GOOD, session_id: 'a/b' }, '/session_id'],
    ['session_id: ..', { ...GOOD, session_id: '..' }, '/session_id'],
    ['session_id: a line end', { ...GOOD, session_id: 'a\n' }, '/session_id'],
    ['session_id: too long', { ...GOOD, session_id: 'x'.repeat(129) }, '/session_id'],
    ['session_id: a number', { ...GOOD, session_id: 7 }, '/session_id'],
    ['session_id: an array', { ...GOOD, session_id: ['demo-1'] }, '/session_id'],
    ['prompt: a number', { ...GOOD, prompt: 7 }, '/prompt'],
    ['prompt: too long', { ...GOOD, prompt: 'x'.repeat(100_001) }, '/prompt'],
    ['fps: a string', { ...GOOD, fps: '24' }, '/fps'],
    ['fps: 0', { ...GOOD, fps: 0 }, '/fps'],
    ['fps: below 1', { ...GOOD, fps: 0.5 }, '/fps'],
    ['fps: above 240', { ...GOOD, fps: 241 }, '/fps'],
    ['fps: NaN', { ...GOOD, fps: Number.NaN }, '/fps'],
    ['config: an array', { ...GOOD, config: [] }, '/config'],
    ['config: a string', { ...GOOD, config: '{}' }, '/config'],
  ])('refuses %s and points at it', async (_what, body, pointer) => {
    expect(new Set(await pointersOfRefusal(body))).toEqual(new Set([pointer]));
  });

  it('points at every field that is wrong', async () => {
    const pointers = await pointersOfRefusal({ sdp: 1, type: 2, task: 3, session_id: 4, prompt: 5, fps: '6', config: 7 });
    expect(new Set(pointers)).toEqual(new Set(['/sdp', '/type', '/task', '/session_id', '/prompt', '/fps', '/config']));
  });

  it('takes any JSON value or refuses it as validation-failed', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.jsonValue(),
        fc.constantFrom('sdp', 'type', 'task', 'session_id', 'prompt', 'fps', 'config'),
        async (value, field) => {
          for (const body of [value, { ...GOOD, [field]: value }]) {
            const outcome: unknown = await accept(body).catch((error: unknown) => error);
            const refused = outcome instanceof Problem && outcome.code === 'validation-failed';
            expect(refused || outcome instanceof OfferDto).toBe(true);
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});
