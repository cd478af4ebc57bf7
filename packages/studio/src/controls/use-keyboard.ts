import { useEffect } from 'react';
import type { StudioSession } from '../session/studio-session.ts';
import { controlKeyOf, type ControlSetName } from './control-keys.ts';

/** Where letters and arrows have a meaning of their own. */
const OWN_KEYS = 'input, textarea, select, [contenteditable], [role=tablist], summary';

/** The page's keyboard steers the session while it is live. What is held is let go of with the focus, and when the page is hidden. */
export function useKeyboard(session: StudioSession, sets: readonly ControlSetName[], isLive: boolean): void {
  const names = sets.join(' ');
  useEffect(() => {
    if (!isLive) return undefined;
    const stopped = new AbortController();
    const options = { signal: stopped.signal };
    const known = names.split(' ').filter(Boolean) as ControlSetName[];
    window.addEventListener(
      'keydown',
      (event) => {
        const key = controlKeyOf(event.key, known);
        if (key === undefined || isForOther(event)) return;
        event.preventDefault();
        if (!event.repeat) session.press(key, 'keyboard');
      },
      options,
    );
    window.addEventListener(
      'keyup',
      (event) => {
        // Wherever the focus is by now: what was pressed is released.
        const key = controlKeyOf(event.key, known);
        if (key !== undefined) session.release(key, 'keyboard');
      },
      options,
    );
    const releaseAll = (): void => session.releaseAll();
    window.addEventListener('blur', releaseAll, options);
    document.addEventListener('visibilitychange', () => document.hidden && releaseAll(), options);
    return () => {
      stopped.abort();
      releaseAll();
    };
  }, [session, names, isLive]);
}

function isForOther({ target, ctrlKey, metaKey, altKey }: KeyboardEvent): boolean {
  return ctrlKey || metaKey || altKey || (target instanceof Element && target.closest(OWN_KEYS) !== null);
}
