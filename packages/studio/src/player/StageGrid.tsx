import type { CSSProperties, ReactElement } from 'react';
import { useStudio } from '../app/studio.ts';
import { useStore } from '../session/store.ts';
import { Button } from '../ui/Button.tsx';
import { Stage } from './Stage.tsx';

/** One stage, or several side by side. */
export function StageGrid(): ReactElement {
  const studio = useStudio();
  const { places, selected } = useStore(studio.workspace.view);
  const { pipeline, state } = useStore(studio.service.view);
  if (places.length === 1) return <Stage place={selected} />;
  const canStart = pipeline !== undefined && state.name === 'ready';
  return (
    <section className="grid" aria-label="Sessions side by side">
      <div className="grid__tools">
        <h2>{places.length} sessions</h2>
        <Button icon="play" disabled={!canStart} onClick={() => places.forEach((place) => studio.start(place))}>
          Start all
        </Button>
        <Button icon="stop" onClick={() => studio.workspace.stopAll()}>
          Stop all
        </Button>
      </div>
      <ol className="grid__places" style={{ '--columns': Math.ceil(Math.sqrt(places.length)) } as CSSProperties}>
        {places.map((place, index) => (
          <li
            key={place.id}
            className="grid__place"
            data-selected={place === selected}
            onPointerDown={() => studio.workspace.select(place)}
            onFocus={() => studio.workspace.select(place)}
          >
            <Stage
              place={place}
              tile={{ number: index + 1, isSelected: place === selected, onClose: () => studio.workspace.remove(place) }}
            />
          </li>
        ))}
      </ol>
    </section>
  );
}
