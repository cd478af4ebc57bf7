import type { StreamSession } from './stream-session.js';

/** Sets of keys by the name that a pipeline's `controls` declare. */
export type KeySet = 'arrows' | 'wasd' | 'ijkl';

const KEY_SETS: Readonly<Record<KeySet, readonly string[]>> = {
  arrows: ['ArrowUp', 'ArrowDown', 'ArrowLeft', 'ArrowRight'],
  wasd: ['w', 'a', 's', 'd'],
  ijkl: ['i', 'j', 'k', 'l'],
};

/** Keys typed into these are theirs. */
const FIELDS = 'input, textarea, select, [contenteditable]:not([contenteditable="false"])';

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
 * held key are left out, keys typed into a field are the field's, and what is held is released when the focus goes. Nothing is sent while the
 * session is not live; what was released meanwhile is sent when it is again.
 */
export function controlByKeys(
  session: Pick<StreamSession, 'control' | 'on' | 'state'>,
  target: EventTarget = globalThis,
  { keys = ['arrows', 'wasd', 'ijkl'], onChange }: KeyboardOptions = {},
): KeyController {
  const known = new Set(keys.flatMap((set) => KEY_SETS[set]));
  const held = new Set<string>();
  /** Released here, and the pipeline does not know it yet. */
  const owed = new Set<string>();
  const listening = new AbortController();

  const send = (key: string, action: 'press' | 'release'): void => void session.control({ type: 'control', key, action });
  const settle = (): void => {
    if (session.state !== 'live') return;
    try {
      for (const key of owed) {
        send(key, 'release');
        owed.delete(key);
      }
    } catch {
      // There is no room for it now. It stays owed, until the next key or the next connection.
      return;
    }
    if (listening.signal.aborted) off();
  };
  const off = session.on('state', settle);
  const change = (key: string, action: 'press' | 'release'): void => {
    const isPress = action === 'press';
    if (isPress ? held.has(key) || session.state !== 'live' : !held.delete(key)) return;
    if (!isPress) owed.add(key);
    settle();
    try {
      if (isPress) {
        held.add(key);
        send(key, action);
        owed.delete(key);
      }
    } finally {
      onChange?.(held);
    }
  };
  const releaseAll = (): void => {
    for (const key of [...held]) change(key, 'release');
  };
  const typed = (event: Event): void => {
    if (!(event instanceof KeyboardEvent)) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const isRelease = event.type === 'keyup';
    // A release counts wherever the focus is by now.
    if (!known.has(key) || (!isRelease && (isForField(event) || event.ctrlKey || event.metaKey || event.altKey))) return;
    if (!isRelease || held.has(key)) event.preventDefault();
    if (!event.repeat) change(key, isRelease ? 'release' : 'press');
  };
  const { signal } = listening;
  for (const type of ['keydown', 'keyup']) target.addEventListener(type, typed, { signal });
  for (const type of ['blur', 'focusout'])
    target.addEventListener(type, (event) => void (isLeaving(event, target) && releaseAll()), { signal });
  globalThis.addEventListener('blur', releaseAll, { signal });

  const stop = (): void => {
    listening.abort();
    releaseAll();
    settle();
  };
  return {
    held,
    press: (key) => change(key, 'press'),
    release: (key) => change(key, 'release'),
    releaseAll,
    stop,
    [Symbol.dispose]: stop,
  };
}

function isForField({ target, defaultPrevented }: Event): boolean {
  return defaultPrevented || (target instanceof Element && target.closest(FIELDS) !== null);
}

/** The focus may move within the target. */
function isLeaving(event: Event, target: EventTarget): boolean {
  if (event.type === 'blur') return event.target === target;
  const next = event instanceof FocusEvent ? event.relatedTarget : null;
  return target instanceof Node && !(next instanceof Node && target.contains(next));
}
