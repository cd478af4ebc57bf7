import { useId, useState, type ReactElement } from 'react';
import { useStudio } from '../app/studio.ts';
import { Button } from '../ui/Button.tsx';
import { Icon } from '../ui/Icon.tsx';

interface CredentialFormProps {
  readonly detail: string;
  /** Whether one was entered that did not do. */
  readonly isWrong?: boolean;
  readonly onEntered?: () => void;
}

/** Asks for an API key or a token. It is kept for this tab only. */
export function CredentialForm({ detail, isWrong = false, onEntered }: CredentialFormProps): ReactElement {
  const studio = useStudio();
  const id = useId();
  const [credential, setCredential] = useState('');
  return (
    <form
      className="stage__overlay stage__overlay--poster"
      onSubmit={(event) => {
        event.preventDefault();
        if (credential.trim() === '') return;
        studio.signIn(credential.trim());
        onEntered?.();
      }}
    >
      <span className="stage__sign stage__sign--calm">
        <Icon name="key" />
      </span>
      <p className="stage__title">{isWrong ? 'That key did not work' : 'This server asks who you are'}</p>
      <p className="stage__text" role="status">
        {isWrong
          ? `${detail} Check it and enter it again.`
          : 'Enter an API key or a stream token. It stays in this tab and is never part of a link.'}
      </p>
      <div className="credential">
        <label className="visually-hidden" htmlFor={id}>
          API key or token
        </label>
        <input
          className="input input--mono"
          id={id}
          type="password"
          autoComplete="off"
          spellCheck={false}
          placeholder="API key or token"
          value={credential}
          onChange={({ target }) => setCredential(target.value)}
        />
        <Button type="submit" kind="primary">
          Continue
        </Button>
      </div>
    </form>
  );
}
