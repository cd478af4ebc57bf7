import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_SETTINGS, LIMITS, type Settings } from '../session/settings.ts';
import { keepCredential, readCredential, takeToken } from './credential.ts';
import { fromFragment, toFragment } from './settings-link.ts';

const optional = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined });
const settings: fc.Arbitrary<Settings> = fc.record({
  prompt: fc.string({ unit: 'grapheme', maxLength: 200 }),
  task: fc.string({ unit: 'grapheme', maxLength: 50 }),
  durationSeconds: optional(fc.integer(LIMITS.durationSeconds)),
  fps: optional(fc.double({ ...LIMITS.fps, noNaN: true })),
  seed: optional(fc.nat()),
  config: fc.dictionary(fc.string({ minLength: 1 }), fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null))),
  camera: fc.boolean(),
  microphone: fc.boolean(),
  iceServers: fc.boolean(),
  relayOnly: fc.boolean(),
});

describe('links that carry the settings', () => {
  it('bring all sessions back as they were', () => {
    fc.assert(
      fc.property(fc.array(settings, { minLength: 1, maxLength: 4 }), (sessions) => {
        // JSON knows no prototype, and so does not what comes back.
        expect(fromFragment(`#${toFragment(sessions)}`)).toEqual(JSON.parse(JSON.stringify(sessions), revive) as unknown);
      }),
    );
  });

  it('say nothing of what is at its default', () => {
    expect(toFragment([DEFAULT_SETTINGS])).toBe('');
    expect(toFragment([{ ...DEFAULT_SETTINGS, prompt: 'a harbour at dusk', relayOnly: true }])).toBe(
      'prompt=a+harbour+at+dusk&relay=1',
    );
  });

  it('take nothing that is out of bounds or cannot be read', () => {
    expect(fromFragment('#fps=1000&duration=-3&seed=1.5&config=[1]&camera=yes')).toEqual([DEFAULT_SETTINGS]);
    expect(fromFragment('#config={broken')).toEqual([DEFAULT_SETTINGS]);
  });

  it('ask for sixteen sessions at most', () => {
    expect(fromFragment(`#${'also=fps%3D1&'.repeat(100)}`)).toHaveLength(16);
  });

  it('never have a token in them: it is taken off the address and kept for the tab', () => {
    const { token, fragment } = takeToken('#token=tfs_abc&prompt=hello');
    expect(token).toBe('tfs_abc');
    expect(fragment).toBe('prompt=hello');
    expect(toFragment(fromFragment('#token=tfs_abc&prompt=hello'))).toBe('prompt=hello');
    expect(takeToken('#prompt=hello').token).toBeUndefined();
  });

  it('keep a credential in the storage they are given, and forget it there', () => {
    const entries = new Map<string, string>();
    const storage = {
      getItem: (key: string) => entries.get(key) ?? null,
      setItem: (key: string, value: string) => void entries.set(key, value),
      removeItem: (key: string) => void entries.delete(key),
    };
    keepCredential(storage, 'tf_secret');
    expect(readCredential(storage)).toBe('tf_secret');
    keepCredential(storage, undefined);
    expect(readCredential(storage)).toBeUndefined();
  });
});

/** Values that JSON leaves out come back undefined. */
function revive(this: unknown, _key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('prompt' in value) || !('camera' in value)) return value;
  return { ...DEFAULT_SETTINGS, ...value };
}
