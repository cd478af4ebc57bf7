import type { ReactElement } from 'react';
import { useStore } from '../session/store.ts';
import type { StudioSession } from '../session/studio-session.ts';
import { labelOf } from './control-keys.ts';

/** Which controls the picture on the screen has applied; those that are held and not in it yet are outlined. */
export function Hud({ session }: { readonly session: StudioSession }): ReactElement | null {
  const { held, shown } = useStore(session.keys);
  const keys = [...new Set([...held, ...shown])].sort();
  if (keys.length === 0) return null;
  return (
    <ul className="hud" aria-hidden="true">
      {keys.map((key) => (
        <li key={key} data-key={key} data-state={!shown.has(key) ? 'sent' : held.has(key) ? 'applied' : 'leaving'}>
          {labelOf(key)}
        </li>
      ))}
    </ul>
  );
}
