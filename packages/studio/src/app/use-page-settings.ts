import { useEffect } from 'react';
import { MAX_LINK_CHARACTERS, toFragment } from '../links/settings-link.ts';
import type { Studio } from './studio.ts';

/** A person who types changes a setting with each key. */
const WRITE_DELAY_MS = 300;

/** The settings as they are now, behind the `#`; undefined when they are too long for a link. */
export function settingsFragment({ workspace }: Studio): string | undefined {
  const fragment = toFragment(workspace.view.get().places.map(({ settings }) => settings.get()));
  return fragment.length > MAX_LINK_CHARACTERS ? undefined : fragment;
}

/** Keeps the address of the page in step with the settings, and ends the sessions when the page goes. */
export function usePageSettings(studio: Studio): void {
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const write = (): void => {
      // Settings that are too long for a link leave nothing behind the `#`, so that nothing old stays there, and no token.
      const fragment = settingsFragment(studio) ?? '';
      history.replaceState(null, '', fragment === '' ? location.pathname + location.search : `#${fragment}`);
    };
    // A token that came with the address is taken off it at once.
    write();
    const off = studio.onChange(() => {
      clearTimeout(timer);
      timer = setTimeout(write, WRITE_DELAY_MS);
    });
    const leave = (): void => studio.workspace.stopAll();
    window.addEventListener('pagehide', leave);
    return () => {
      off();
      clearTimeout(timer);
      window.removeEventListener('pagehide', leave);
    };
  }, [studio]);
}
