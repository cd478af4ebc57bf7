import type { StreamSession } from './stream-session.js';

/** Sets of keys by the name that a pipeline's `controls` declare. */
export type KeySet = 'arrows' | 'wasd' | 'ijkl';

export interface KeyboardOptions {
  /** Default: all. */
  readonly keys?: readonly KeySet[] | undefined;
  /** Told of each change of the keys held down. */
  readonly onChange?: ((held: ReadonlySet<string>) => void) | undefined;
}

/** The keys of a keyboard, a D-pad or a joystick, pressed and released: each is sent once, and all are released in the end. */
export interface KeyController extends Disposable {
  readonly held: ReadonlySet<string>;
  press(key: string): void;
  release(key: string): void;
  releaseAll(): void;
  /** Releases all and lets go of the keyboard. */
  stop(): void;
}

/**
 * Sends the keys that are pressed while the page, or `target`, has the focus: `{"type":"control","key":"ArrowUp","action":"press","id":…}`. Repeats of a
 * held key are left out, keys typed into a field are the field's, and what is held is released when the focus goes.
 */
export declare function controlByKeys(
  session: Pick<StreamSession, 'control' | 'state'>,
  target?: EventTarget,
  options?: KeyboardOptions,
): KeyController;
