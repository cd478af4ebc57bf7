import { useState, type KeyboardEvent, type ReactElement } from 'react';
import { readObject } from '../request/json.ts';
import type { StudioSession } from '../session/studio-session.ts';
import { Button } from '../ui/Button.tsx';
import { Field } from '../ui/Field.tsx';

/** Messages that can be had back with the up arrow. */
const MAX_HISTORY = 50;

interface JsonControlProps {
  readonly session: StudioSession;
  readonly isEnabled: boolean;
}

/** A message of any kind for the pipeline, with those that were sent before. */
export function JsonControl({ session, isEnabled }: JsonControlProps): ReactElement {
  const [text, setText] = useState('');
  const [error, setError] = useState<string>();
  const [history, setHistory] = useState<readonly string[]>([]);
  const [at, setAt] = useState(0);

  const send = (): void => {
    const message = readObject(text);
    if (typeof message === 'string' || Object.keys(message).length === 0) {
      setError(typeof message === 'string' ? message : 'Write a JSON object, such as {"type": "event", "name": "jump"}.');
      return;
    }
    const failure = session.send(message);
    setError(failure && `${failure.title}. ${failure.text}`);
    if (failure !== undefined) return;
    const others = history.filter((other) => other !== text);
    setHistory([...others, text].slice(-MAX_HISTORY));
    setAt(0);
    setText('');
  };
  /** As in a terminal: up goes back, down comes forward again. */
  const recall = (event: KeyboardEvent): void => {
    const step = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (step === undefined || history.length === 0) return;
    event.preventDefault();
    const next = Math.min(history.length, Math.max(0, at + step));
    setAt(next);
    setText(history[history.length - next] ?? '');
  };
  return (
    <form
      className="message"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <Field label="Message to the pipeline" hint="A JSON object. The up arrow brings back what was sent before." error={error}>
        {(control) => (
          <div className="message__row">
            <input
              {...control}
              className="input input--mono"
              autoComplete="off"
              spellCheck={false}
              placeholder='{"type": "event", "name": "jump"}'
              value={text}
              onKeyDown={recall}
              onChange={({ target }) => {
                setText(target.value);
                setError(undefined);
                setAt(0);
              }}
            />
            <Button icon="send" type="submit" disabled={!isEnabled}>
              Send
            </Button>
          </div>
        )}
      </Field>
    </form>
  );
}
