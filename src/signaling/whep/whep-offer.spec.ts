import 'reflect-metadata';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Problem } from '../../common/index.js';
import { readWhepOffer } from './whep-offer.js';

const LIMITS = { maxJsonDepth: 4 };

async function pointers(query: Readonly<Record<string, unknown>>): Promise<readonly string[]> {
  try {
    await readWhepOffer('v=0', query, LIMITS);
  } catch (error) {
    if (error instanceof Problem && error.code === 'validation-failed') return error.errors.map(({ pointer }) => pointer);
    throw error;
  }
  throw new Error('the offer was taken');
}

describe('readWhepOffer', () => {
  it('takes a player that says nothing', async () => {
    expect({ ...(await readWhepOffer('v=0', {}, LIMITS)) }).toEqual({ sdp: 'v=0', task: 't2v' });
  });

  it('takes the fields of an offer as parameters, and hands on any other as text', async () => {
    const query = {
      task: 'i2v',
      prompt: 'a lighthouse',
      fps: '23.976',
      session_id: 'demo-1',
      config: '{"size":[1,2]}',
      seed: '7',
    };
    expect({ ...(await readWhepOffer('v=0', query, LIMITS)) }).toEqual({
      ...query,
      sdp: 'v=0',
      fps: 23.976,
      config: { size: [1, 2] },
    });
  });

  it.each([
    ['an empty task', { task: '' }, '/task'],
    ['a prompt that is too long', { prompt: 'x'.repeat(100_001) }, '/prompt'],
    ['fps that is no number', { fps: 'fast' }, '/fps'],
    ['fps that is empty', { fps: '' }, '/fps'],
    ['fps out of bounds', { fps: '241' }, '/fps'],
    ['fps in another notation', { fps: '0x10' }, '/fps'],
    ['an id that no URL can carry', { session_id: 'a b' }, '/session_id'],
    ['config that is no JSON', { config: '{' }, '/config'],
    ['config that is no object', { config: '[1]' }, '/config'],
    ['config that poisons an object', { config: '{"a":{"__proto__":1}}' }, '/config'],
    ['config that is too deep', { config: '{"a":{"a":{"a":{"a":{}}}}}' }, '/config'],
    ['a parameter that comes twice', { prompt: ['a', 'b'] }, '/prompt'],
    ['the description as a parameter', { sdp: 'v=0' }, '/sdp'],
    ['a parameter that poisons an object', { constructor: 'x' }, '/constructor'],
  ])('refuses %s', async (_what, query, pointer) => {
    expect(new Set(await pointers(query))).toEqual(new Set([pointer]));
  });

  it('takes any query or refuses it with its problem', async () => {
    const query = fc.dictionary(
      fc.oneof(fc.constantFrom('task', 'prompt', 'fps', 'session_id', 'config', 'type', '__proto__', 'a/b~c'), fc.string()),
      fc.oneof(fc.string(), fc.json(), fc.array(fc.string())),
    );
    await fc.assert(
      fc.asyncProperty(query, async (parameters) => {
        const result: unknown = await readWhepOffer('v=0', parameters, LIMITS).catch((error: unknown) => error);
        if (result instanceof Error) expect(result).toMatchObject({ code: 'validation-failed' });
        else expect(result).toMatchObject({ sdp: 'v=0' });
      }),
    );
  });
});
