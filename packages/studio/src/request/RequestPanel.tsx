import type { ReactElement } from 'react';
import { useStudio } from '../app/studio.ts';
import type { Place } from '../app/workspace.ts';
import { DevicesSection } from '../devices/DevicesSection.tsx';
import { takes, type Pipeline } from '../server/service.ts';
import { useStore } from '../session/store.ts';
import type { Settings } from '../session/settings.ts';
import { Disclosure, Switch } from '../ui/Field.tsx';
import { CommonFields } from './CommonFields.tsx';
import { ConfigSection } from './ConfigSection.tsx';
import { ImageDrop } from './ImageDrop.tsx';
import { PromptField } from './PromptField.tsx';

/** What to ask the pipeline for, as far as it wants to know. */
export function RequestPanel({ place }: { readonly place: Place }): ReactElement {
  const studio = useStudio();
  const { pipeline, state } = useStore(studio.service.view);
  const isComing = state.name === 'asking' || state.name === 'starting' || state.name === 'ready';
  return (
    <section className="panel request" aria-label="Request">
      <div className="panel__head">
        <h2>Request</h2>
      </div>
      <div className="request__scroll">
        {pipeline !== undefined && <RequestForm place={place} pipeline={pipeline} />}
        {pipeline === undefined && isComing && <Placeholder />}
        {pipeline === undefined && !isComing && (
          <p className="request__unknown muted">What can be asked for is known once the pipeline runs.</p>
        )}
      </div>
    </section>
  );
}

function RequestForm({ place, pipeline }: { readonly place: Place; readonly pipeline: Pipeline }): ReactElement {
  const settings = useStore(place.settings);
  const { phase } = useStore(place.session.view);
  const failed = phase.name === 'failed' ? phase.failure.fields : NO_ERRORS;
  const change = (changed: Partial<Settings>): void => place.settings.update((before) => ({ ...before, ...changed }));
  const props = { place, pipeline, settings, errors: failed, onChange: change };
  return (
    <div className="panel__body">
      {takes(pipeline, 'prompt') && <PromptField {...props} />}
      {takes(pipeline, 'image') && <ImageDrop place={place} maxBytes={pipeline.maxImageBytes} error={failed.get('/image')} />}
      <CommonFields {...props} />
      <div>
        <ConfigSection {...props} />
        {(takes(pipeline, 'camera') || takes(pipeline, 'microphone')) && <DevicesSection {...props} />}
        <Disclosure title="Network" note={networkNote(settings)} open={settings.relayOnly || !settings.iceServers}>
          <Switch
            label="STUN and TURN servers"
            hint="Those that the server names; without them only direct ways are tried."
            checked={settings.iceServers}
            onChange={(iceServers) => change({ iceServers, relayOnly: iceServers && settings.relayOnly })}
          />
          <Switch
            label="Relay only"
            hint="Media goes through a TURN server or not at all: a test of the relay."
            checked={settings.relayOnly}
            disabled={!settings.iceServers}
            onChange={(relayOnly) => change({ relayOnly })}
          />
        </Disclosure>
      </div>
    </div>
  );
}

const NO_ERRORS: ReadonlyMap<string, string> = new Map();

function networkNote({ relayOnly, iceServers }: Settings): string {
  if (!iceServers) return 'direct only';
  return relayOnly ? 'relay only' : 'automatic';
}

/** Bars where fields will be, so that nothing jumps. */
function Placeholder(): ReactElement {
  return (
    <div className="panel__body" aria-hidden="true">
      <div className="placeholder placeholder--tall" />
      <div className="placeholder" />
      <div className="placeholder" />
    </div>
  );
}
