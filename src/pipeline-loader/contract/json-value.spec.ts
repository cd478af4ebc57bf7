import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toJsonValue } from './json-value.js';

describe('toJsonValue', () => {
  it('leaves JSON as it is', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), (json) => {
        fc.pre(!json.includes('__proto__'));
        expect(JSON.stringify(toJsonValue(JSON.parse(json)))).toBe(JSON.stringify(JSON.parse(json)));
      }),
    );
  });

  it('makes JSON of anything', () => {
    const anything = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withTypedArray: true,
      withNullPrototype: true,
    });
    fc.assert(
      fc.property(anything, (value) => {
        const json = toJsonValue(value);
        expect(JSON.parse(JSON.stringify(json))).toEqual(json);
      }),
    );
  });

  it.each([
    [10n, '10'],
    [Number.NaN, 'NaN'],
    [Number.NEGATIVE_INFINITY, '-Infinity'],
    [undefined, null],
    [Symbol('s'), 'Symbol(s)'],
    [function named() {}, '[function named]'],
    [new Date(Number.NaN), 'Invalid Date'],
    [new RangeError('far'), 'RangeError: far'],
    [new Map<unknown, unknown>([[1, new Set(['a'])]]), { '1': ['a'] }],
    [new URL('http://a/b'), 'http://a/b'],
    [Float32Array.of(0.5, Number.NaN), [0.5, 'NaN']],
    [new Uint8Array(1025), '[Uint8Array of 1025]'],
    [new ArrayBuffer(3), '[ArrayBuffer of 3 bytes]'],
    [
      [1, undefined],
      [1, null],
    ],
    [{ a: undefined, b: 1 }, { b: 1 }],
    [{ toJSON: () => ({ x: 1n }) }, { x: '1' }],
  ])('turns %s into %j', (value, expected) => {
    expect(toJsonValue(value)).toEqual(expected);
  });

  it('cuts cycles, but not what only occurs twice', () => {
    const shared = { s: 1 };
    const cyclic: Record<string, unknown> = { one: shared, two: shared };
    cyclic['self'] = cyclic;
    expect(toJsonValue(cyclic)).toEqual({ one: { s: 1 }, two: { s: 1 }, self: '[circular]' });
  });

  it('cuts what is nested too deeply', () => {
    let deep: unknown = 'bottom';
    for (let level = 0; level < 100_000; level += 1) deep = [deep];
    expect(JSON.stringify(toJsonValue(deep))).toContain('[too deep]');
  });

  it('survives objects that throw when they are read', () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const hostile = {
      fine: 1,
      get broken(): unknown {
        throw new Error('no');
      },
      proxy,
    };
    expect(toJsonValue(hostile)).toEqual({ fine: 1, broken: '[unreadable]', proxy: '[unreadable]' });
  });

  it('cannot be used to set a prototype', () => {
    const result = toJsonValue(JSON.parse('{"__proto__": {"admin": true}, "a": 1}')) as Record<string, unknown>;
    expect(result['admin']).toBeUndefined();
    expect(Object.keys(result)).toEqual(['a']);
  });
});
