import type { KeyboardEvent, PointerEvent, ReactElement } from 'react';
import { useStore } from '../session/store.ts';
import type { StudioSession } from '../session/studio-session.ts';
import { Icon } from '../ui/Icon.tsx';
import { CONTROL_SETS, labelOf, type ControlKey, type ControlSetName } from './control-keys.ts';

const DIRECTIONS = ['up', 'left', 'down', 'right'] as const;
const NAMES = { up: 'Up', left: 'Left', down: 'Down', right: 'Right' } as const;

interface KeyPadProps {
  readonly set: ControlSetName;
  readonly session: StudioSession;
  readonly isEnabled: boolean;
}

/** Four buttons that are held down as keys are, by several fingers at once. */
export function KeyPad({ set, session, isEnabled }: KeyPadProps): ReactElement {
  const { held } = useStore(session.keys);
  const { title, keys } = CONTROL_SETS[set];
  return (
    <div className="pad" role="group" aria-label={title}>
      {keys.map((key, index) => {
        const direction = DIRECTIONS[index] ?? 'up';
        return (
          <button
            key={key}
            type="button"
            data-direction={direction}
            data-key={key}
            aria-label={set === 'arrows' ? NAMES[direction] : `${labelOf(key)}: ${NAMES[direction].toLowerCase()}`}
            aria-pressed={held.has(key)}
            disabled={!isEnabled}
            {...holdHandlers(session, key)}
          >
            {set === 'arrows' ? <Icon name={direction} /> : labelOf(key)}
          </button>
        );
      })}
      <span className="pad__title" aria-hidden="true">
        {title}
      </span>
    </div>
  );
}

/** Held as long as the finger, the mouse's button, or Enter or Space is down on it. */
function holdHandlers(session: StudioSession, key: ControlKey): object {
  const end = ({ pointerId }: PointerEvent): void => session.release(key, `pointer-${pointerId}`);
  const isPress = (event: KeyboardEvent): boolean => event.key === ' ' || event.key === 'Enter';
  return {
    onPointerDown: (event: PointerEvent<HTMLButtonElement>) => {
      event.currentTarget.setPointerCapture(event.pointerId);
      session.press(key, `pointer-${event.pointerId}`);
    },
    onPointerUp: end,
    onPointerCancel: end,
    onLostPointerCapture: end,
    onKeyDown: (event: KeyboardEvent) => isPress(event) && !event.repeat && session.press(key, 'focus'),
    onKeyUp: (event: KeyboardEvent) => isPress(event) && session.release(key, 'focus'),
    onBlur: () => session.release(key, 'focus'),
    // A long press of a finger would open a menu.
    onContextMenu: (event: Event) => event.preventDefault(),
  };
}
