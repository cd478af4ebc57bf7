import type { ControlKey } from './control-keys.ts';

export interface ControlMessage {
  readonly key: ControlKey;
  readonly action: 'press' | 'release';
}

/**
 * Which controls are held, by whatever holds them: a key, a finger on a button, the stick. A control is pressed with the first that holds it and
 * released with the last. What a call returns is to be sent.
 */
export class KeyState {
  readonly #holders = new Map<ControlKey, Set<string>>();

  get held(): ReadonlySet<ControlKey> {
    return new Set(this.#holders.keys());
  }

  /** A key that repeats holds already, so nothing comes of it. */
  press(key: ControlKey, holder: string): readonly ControlMessage[] {
    const holders = this.#holders.get(key);
    if (holders !== undefined) {
      holders.add(holder);
      return [];
    }
    this.#holders.set(key, new Set([holder]));
    return [{ key, action: 'press' }];
  }

  release(key: ControlKey, holder: string): readonly ControlMessage[] {
    const holders = this.#holders.get(key);
    if (holders === undefined || !holders.delete(holder) || holders.size > 0) return [];
    this.#holders.delete(key);
    return [{ key, action: 'release' }];
  }

  /** Makes the holder hold exactly these: a stick that has moved on. */
  hold(keys: readonly ControlKey[], holder: string): readonly ControlMessage[] {
    const left = [...this.#holders.keys()].filter((key) => !keys.includes(key));
    return [...left.flatMap((key) => this.release(key, holder)), ...keys.flatMap((key) => this.press(key, holder))];
  }

  /** Everything is let go of: the window lost the focus, and would not hear of a release. */
  releaseAll(): readonly ControlMessage[] {
    const keys = [...this.#holders.keys()];
    this.#holders.clear();
    return keys.map((key) => ({ key, action: 'release' }));
  }
}
