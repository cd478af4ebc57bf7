import { useState, type ReactElement } from 'react';
import { useStudio } from '../app/studio.ts';
import type { Place } from '../app/workspace.ts';
import { takes } from '../server/service.ts';
import { offerFields } from '../session/offer.ts';
import { useStore } from '../session/store.ts';
import { Button } from '../ui/Button.tsx';
import { useCopy } from '../ui/copy-text.ts';
import { highlight } from './highlight.ts';
import { SNIPPETS, type SnippetName } from './snippets.ts';

const NAMES = Object.keys(SNIPPETS) as readonly SnippetName[];

/** The same session from a program of one's own, with the present settings. */
export function CodePanel({ place }: { readonly place: Place }): ReactElement | null {
  const studio = useStudio();
  const copy = useCopy();
  const { pipeline } = useStore(studio.service.view);
  const settings = useStore(place.settings);
  const image = useStore(place.image);
  const [name, setName] = useState<SnippetName>('sdk');
  if (pipeline === undefined) return null;
  const code = SNIPPETS[name].write({
    baseUrl: studio.baseUrl.href,
    offer: offerFields(settings, pipeline, image?.dataUrl),
    isBidirectional: pipeline.mode === 'bidirectional',
    needsCredential: studio.hasCredential,
    camera: settings.camera && takes(pipeline, 'camera'),
    microphone: settings.microphone && takes(pipeline, 'microphone'),
    relayOnly: settings.relayOnly,
    iceServers: settings.iceServers,
  });
  return (
    <div className="code">
      <div className="code__tools">
        <div className="segmented code__names" role="group" aria-label="Language">
          {NAMES.map((each) => (
            <button key={each} type="button" aria-pressed={each === name} onClick={() => setName(each)}>
              {SNIPPETS[each].title}
            </button>
          ))}
        </div>
        <Button icon="copy" onClick={() => copy(code, 'Code copied.')}>
          Copy
        </Button>
      </div>
      <pre className="code__text" tabIndex={0} aria-label={`${SNIPPETS[name].title} code`}>
        <code>
          {highlight(code).map(({ kind, text }, index) => (
            // The parts have no identity but their place.
            <span key={index} data-token={kind}>
              {text}
            </span>
          ))}
        </code>
      </pre>
      <p className="field__hint">
        {image === undefined
          ? 'With the settings of this page.'
          : 'With the settings of this page; put your image’s data URL in its place.'}
        {studio.hasCredential && ' Your key is not shown: put it where YOUR_KEY stands.'}
      </p>
    </div>
  );
}
