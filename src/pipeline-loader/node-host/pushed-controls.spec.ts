import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PushedControls } from './pushed-controls.js';

const ids = (applied: readonly { readonly id: string }[]): string[] => applied.map(({ id }) => id);

describe('PushedControls', () => {
  it('lets the first chunk name a control whose making began after it was pushed', () => {
    const controls = new PushedControls();
    controls.advancing();
    controls.pushed('a', 10);
    expect(controls.take(undefined)).toEqual([]);
    controls.advancing();
    controls.pushed('b', 20);
    expect(controls.take(undefined)).toEqual([{ id: 'a', pushedAtMs: 10 }]);
    controls.advancing();
    expect(controls.take(undefined)).toEqual([{ id: 'b', pushedAtMs: 20 }]);
    controls.advancing();
    expect(controls.take(undefined)).toEqual([]);
  });

  it('keeps them for the next chunk when what was yielded was none', () => {
    const controls = new PushedControls();
    controls.pushed('a', 1);
    controls.advancing();
    controls.advancing();
    expect(ids(controls.take(undefined))).toEqual(['a']);
  });

  it('believes a pipeline that names them itself, and leaves it to the pipeline from then on', () => {
    const controls = new PushedControls();
    controls.pushed('a', 1);
    controls.advancing();
    expect(controls.take([])).toEqual([]);
    controls.pushed('b', 2);
    expect(controls.take(['b', 'unknown', 'a'])).toEqual([
      { id: 'b', pushedAtMs: 2 },
      { id: 'unknown' },
      { id: 'a', pushedAtMs: 1 },
    ]);
    controls.pushed('c', 3);
    controls.advancing();
    expect(controls.take(undefined)).toEqual([]);
  });

  it('forgets the oldest of more than 256', () => {
    const controls = new PushedControls();
    for (let id = 0; id < 200; id += 1) controls.pushed(`old ${id}`, id);
    controls.advancing();
    for (let id = 0; id < 100; id += 1) controls.pushed(`new ${id}`, id);
    controls.advancing();
    const named = ids(controls.take(undefined));
    expect(named).toHaveLength(256);
    expect([named[0], named.at(-1)]).toEqual(['old 44', 'new 99']);
  });

  it('names each control once, in order, and never in a chunk whose making had begun before', () => {
    const action = fc.constantFrom('push', 'advance', 'yield');
    fc.assert(
      fc.property(fc.array(action, { maxLength: 100 }), (actions) => {
        const controls = new PushedControls();
        const named: number[] = [];
        let pushed = 0;
        let allowed = 0;
        for (const what of actions) {
          if (what === 'push') controls.pushed(String(pushed++), 0);
          else if (what === 'advance') {
            controls.advancing();
            allowed = pushed;
          } else {
            named.push(...controls.take(undefined).map(({ id }) => Number(id)));
            expect(named).toEqual(Array.from({ length: named.length }, (_, id) => id));
            expect(named.length).toBeLessThanOrEqual(allowed);
          }
        }
      }),
    );
  });
});
