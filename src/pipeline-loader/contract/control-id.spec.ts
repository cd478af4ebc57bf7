import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { controlKey, MAX_WAITING_CONTROLS, readAppliedControls } from './control-id.js';

describe('controlKey', () => {
  it.each([
    ['a', 'a'],
    ['x'.repeat(128), 'x'.repeat(128)],
    [7, '7'],
    [-1, '-1'],
    [Number.MAX_SAFE_INTEGER, '9007199254740991'],
  ])('takes %j', (id, key) => expect(controlKey(id)).toBe(key));

  it.each([undefined, null, '', 'x'.repeat(129), 1.5, 2 ** 53, Number.NaN, true, {}, ['a']])('takes no %j', (id) =>
    expect(controlKey(id)).toBeUndefined(),
  );
});

describe('readAppliedControls', () => {
  it.each([
    ['ids', ['a', 7, 'a'], { ids: ['a', '7'], isMetadata: false }],
    ['nothing', [], { ids: [], isMetadata: false }],
    ['controls with ids', [{ key: 'ArrowUp', id: 'a' }, { key: 'ArrowUp' }], { ids: ['a'], isMetadata: true }],
    ['ids among other things', ['a', null, { id: {} }], { ids: ['a'], isMetadata: true }],
  ])('finds the ids in a list of %s', (_what, list, named) => expect(readAppliedControls(list)).toEqual(named));

  it.each([undefined, null, 'a', 3, { ids: ['a'] }, [{ key: 'ArrowUp', action: 'press' }], [null]])(
    'leaves %j to the pipeline',
    (value) => expect(readAppliedControls(value)).toBeUndefined(),
  );

  it('takes so many ids and no more', () => {
    const list = Array.from({ length: MAX_WAITING_CONTROLS * 2 }, (_, id) => id);
    expect(readAppliedControls(list)?.ids).toHaveLength(MAX_WAITING_CONTROLS);
  });

  it('never throws, and gives back nothing but ids', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        for (const id of readAppliedControls(value)?.ids ?? []) expect(controlKey(id)).toBe(id);
      }),
    );
  });
});
