import type { ReactElement } from 'react';
import { useStore } from '../session/store.ts';
import { LIMITS } from '../session/settings.ts';
import { Button } from '../ui/Button.tsx';
import { Field } from '../ui/Field.tsx';
import { useToast } from '../ui/toast.tsx';
import type { RequestPartProps } from './part-props.ts';

/** The prompt; a bidirectional pipeline takes another one while it runs. */
export function PromptField({ place, pipeline, settings, errors, onChange }: RequestPartProps): ReactElement {
  const toast = useToast();
  const { phase } = useStore(place.session.view);
  const canSend = pipeline.mode === 'bidirectional' && phase.name === 'live';
  const send = (): void => {
    const failure = place.session.sendPrompt(settings.prompt);
    toast(failure === undefined ? 'Prompt sent.' : failure.title);
  };
  return (
    <div className="prompt">
      <Field label="Prompt" error={errors.get('/prompt')}>
        {(control) => (
          <textarea
            {...control}
            className="input"
            rows={3}
            maxLength={LIMITS.promptCharacters}
            placeholder={pipeline.defaultPrompt === '' ? 'What to generate' : pipeline.defaultPrompt}
            value={settings.prompt}
            onChange={({ target }) => onChange({ prompt: target.value })}
            onKeyDown={(event) => {
              if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey) || !canSend) return;
              event.preventDefault();
              send();
            }}
          />
        )}
      </Field>
      <div className="prompt__actions">
        {pipeline.defaultPrompt !== '' && settings.prompt === '' && (
          <Button kind="quiet" onClick={() => onChange({ prompt: pipeline.defaultPrompt })}>
            Use the example
          </Button>
        )}
        {pipeline.mode === 'bidirectional' && (
          <Button icon="send" disabled={!canSend} onClick={send} title="Send the prompt to the running session (Ctrl+Enter)">
            Send while running
          </Button>
        )}
      </div>
    </div>
  );
}
