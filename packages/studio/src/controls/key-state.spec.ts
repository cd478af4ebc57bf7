import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CONTROL_SETS, controlKeyOf, controlSetsOf, type ControlKey } from './control-keys.ts';
import { KeyState } from './key-state.ts';
import { directionsOf } from './stick-direction.ts';

const KEYS = Object.values(CONTROL_SETS).flatMap(({ keys }): readonly ControlKey[] => keys);

describe('which key is which control', () => {
  it('takes letters with Shift and Caps Lock as without', () => {
    expect(controlKeyOf('W', ['wasd'])).toBe('w');
    expect(controlKeyOf('ArrowUp', ['arrows'])).toBe('ArrowUp');
  });

  it('knows no key of a set that the pipeline does not listen to', () => {
    expect(controlKeyOf('w', ['arrows', 'ijkl'])).toBeUndefined();
  });

  it('offers all sets where none is declared, none where an empty list is, and leaves out those it does not know', () => {
    expect(controlSetsOf(undefined)).toEqual(['arrows', 'wasd', 'ijkl']);
    expect(controlSetsOf([])).toEqual([]);
    expect(controlSetsOf(['gamepad', 'ijkl', 'arrows'])).toEqual(['arrows', 'ijkl']);
  });
});

describe('KeyState', () => {
  it('sends a press once, however often the key repeats, and its release', () => {
    const state = new KeyState();
    expect(state.press('w', 'keyboard')).toEqual([{ key: 'w', action: 'press' }]);
    expect(state.press('w', 'keyboard')).toEqual([]);
    expect(state.release('w', 'keyboard')).toEqual([{ key: 'w', action: 'release' }]);
    expect(state.release('w', 'keyboard')).toEqual([]);
  });

  it('holds a control until the last that holds it lets go', () => {
    const state = new KeyState();
    state.press('ArrowUp', 'keyboard');
    expect(state.press('ArrowUp', 'pointer-1')).toEqual([]);
    expect(state.release('ArrowUp', 'keyboard')).toEqual([]);
    expect(state.release('ArrowUp', 'pointer-1')).toEqual([{ key: 'ArrowUp', action: 'release' }]);
  });

  it('changes from one direction of a stick to the next without letting go of what both have', () => {
    const state = new KeyState();
    state.hold(['ArrowUp', 'ArrowLeft'], 'stick');
    expect(state.hold(['ArrowUp', 'ArrowRight'], 'stick')).toEqual([
      { key: 'ArrowLeft', action: 'release' },
      { key: 'ArrowRight', action: 'press' },
    ]);
  });

  it('leaves nothing pressed that it does not hold, whatever happens', () => {
    const key = fc.constantFrom(...KEYS);
    const holder = fc.constantFrom('keyboard', 'pointer-1', 'stick');
    const step = fc.oneof(
      fc.record({ do: fc.constant('press' as const), key, holder }),
      fc.record({ do: fc.constant('release' as const), key, holder }),
      fc.record({ do: fc.constant('hold' as const), keys: fc.uniqueArray(key), holder }),
      fc.record({ do: fc.constant('releaseAll' as const) }),
    );
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const state = new KeyState();
        const pressed = new Set<ControlKey>();
        for (const each of steps) {
          const messages =
            each.do === 'releaseAll'
              ? state.releaseAll()
              : each.do === 'hold'
                ? state.hold(each.keys, each.holder)
                : state[each.do](each.key, each.holder);
          for (const { key: changed, action } of messages) {
            // Never twice the same.
            expect(pressed.has(changed)).toBe(action === 'release');
            if (action === 'press') pressed.add(changed);
            else pressed.delete(changed);
          }
          expect(pressed).toEqual(state.held);
        }
        for (const { key: released } of state.releaseAll()) pressed.delete(released);
        expect(pressed.size).toBe(0);
      }),
    );
  });
});

describe('the directions of a stick', () => {
  it.each([
    [0, 0, []],
    [0.2, -0.1, []],
    [0, -1, ['up']],
    [-1, 0.1, ['left']],
    [0.7, 0.7, ['down', 'right']],
    [-0.5, -0.6, ['up', 'left']],
  ])('are at (%d, %d): %j', (x, y, directions) => {
    expect(directionsOf(x, y)).toEqual(directions);
  });
});
