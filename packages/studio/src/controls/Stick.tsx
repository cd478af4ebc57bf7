import { useRef, useState, type PointerEvent, type ReactElement } from 'react';
import type { StudioSession } from '../session/studio-session.ts';
import { CONTROL_SETS, type ControlSetName } from './control-keys.ts';
import { directionsOf, type Direction } from './stick-direction.ts';

const INDEX: Readonly<Record<Direction, number>> = { up: 0, left: 1, down: 2, right: 3 };
/** The knob's way, in parts of the half of the stick. */
const REACH = 0.62;

interface StickProps {
  readonly set: ControlSetName;
  readonly session: StudioSession;
  readonly isEnabled: boolean;
}

/** A stick to push with a finger, in eight directions. Keyboards have keys for it, so to them and to screen readers it is a picture. */
export function Stick({ set, session, isEnabled }: StickProps): ReactElement {
  const base = useRef<HTMLDivElement>(null);
  const [knob, setKnob] = useState({ x: 0, y: 0 });
  const { title, keys } = CONTROL_SETS[set];
  const holder = `stick-${set}`;

  const move = ({ clientX, clientY }: PointerEvent): void => {
    const box = base.current?.getBoundingClientRect();
    if (box === undefined) return;
    const x = (clientX - box.left - box.width / 2) / (box.width / 2);
    const y = (clientY - box.top - box.height / 2) / (box.height / 2);
    const reach = Math.max(1, Math.hypot(x, y) / REACH);
    setKnob({ x: x / reach, y: y / reach });
    const wanted = directionsOf(x, y).map((direction) => keys[INDEX[direction]]);
    session.hold(
      wanted.filter((key) => key !== undefined),
      holder,
    );
  };
  const end = (): void => {
    setKnob({ x: 0, y: 0 });
    session.hold([], holder);
  };
  return (
    <div
      className="stick"
      data-enabled={isEnabled}
      data-set={set}
      role="img"
      aria-label={`Stick for ${title}; the keyboard has the same keys`}
    >
      <div
        className="stick__base"
        ref={base}
        onPointerDown={(event) => {
          if (!isEnabled) return;
          event.currentTarget.setPointerCapture(event.pointerId);
          move(event);
        }}
        onPointerMove={(event) => isEnabled && event.currentTarget.hasPointerCapture(event.pointerId) && move(event)}
        onPointerUp={end}
        onPointerCancel={end}
        onLostPointerCapture={end}
      >
        <span className="stick__knob" style={{ left: `${50 + knob.x * 50}%`, top: `${50 + knob.y * 50}%` }} />
      </div>
      <span className="pad__title">{title}</span>
    </div>
  );
}
