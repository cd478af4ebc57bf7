import { useState, type ReactElement } from 'react';
import type { Place } from '../app/workspace.ts';
import type { Pipeline } from '../server/service.ts';
import { useStore } from '../session/store.ts';
import { controlSetsOf } from './control-keys.ts';
import { JsonControl } from './JsonControl.tsx';
import { KeyPad } from './KeyPad.tsx';
import { Stick } from './Stick.tsx';
import { useKeyboard } from './use-keyboard.ts';

interface ControlsPanelProps {
  readonly place: Place;
  readonly pipeline: Pipeline;
}

/** Steers the selected session: by the keyboard, by fingers, or by messages written by hand. */
export function ControlsPanel({ place, pipeline }: ControlsPanelProps): ReactElement {
  const { phase } = useStore(place.session.view);
  const [way, setWay] = useState<'pad' | 'stick'>('pad');
  const sets = controlSetsOf(pipeline.controls);
  const isLive = phase.name === 'live';
  useKeyboard(place.session, sets, isLive);
  return (
    <section className="panel controls" aria-label="Controls">
      {sets.length > 0 && (
        <>
          <div className="panel__head">
            <h2>Controls</h2>
            <div className="segmented" role="group" aria-label="Way to steer">
              <button type="button" aria-pressed={way === 'pad'} onClick={() => setWay('pad')}>
                Buttons
              </button>
              <button type="button" aria-pressed={way === 'stick'} onClick={() => setWay('stick')}>
                Stick
              </button>
            </div>
          </div>
          <div className="controls__pads">
            {sets.map((set) =>
              way === 'pad' ? (
                <KeyPad key={set} set={set} session={place.session} isEnabled={isLive} />
              ) : (
                <Stick key={set} set={set} session={place.session} isEnabled={isLive} />
              ),
            )}
          </div>
        </>
      )}
      <JsonControl session={place.session} isEnabled={isLive} />
    </section>
  );
}
