import type { ReactElement } from 'react';
import type { Place } from '../app/workspace.ts';
import type { Failure } from '../session/failure.ts';
import { Button } from '../ui/Button.tsx';
import { Icon } from '../ui/Icon.tsx';

interface FailureNoticeProps {
  readonly failure: Failure;
  readonly place: Place;
  readonly onRetry: () => void;
}

/** What went wrong with a session, in a sentence, and the next thing to do. */
export function FailureNotice({ failure, place, onRetry }: FailureNoticeProps): ReactElement {
  const { title, text, action, code, requestId, fields } = failure;
  const change = (settings: Parameters<typeof place.settings.update>[0]): void => {
    place.settings.update(settings);
    onRetry();
  };
  const { relayOnly, camera, microphone } = place.settings.get();
  return (
    <div className="stage__overlay stage__overlay--solid" role="alert">
      <span className="stage__sign">
        <Icon name="alert" />
      </span>
      <p className="stage__title">{title}</p>
      <p className="stage__text">{text}</p>
      {fields.size > 0 && (
        <ul className="stage__fields">
          {[...fields].map(([pointer, detail]) => (
            <li key={pointer}>{detail}</li>
          ))}
        </ul>
      )}
      <div className="stage__actions">
        <Button icon="retry" kind="primary" onClick={onRetry}>
          Try again
        </Button>
        {action === 'relay' && (
          <Button onClick={() => change((settings) => ({ ...settings, relayOnly: !relayOnly }))}>
            {relayOnly ? 'Try without relay' : 'Try by relay only'}
          </Button>
        )}
        {action === 'devices' && (camera || microphone) && (
          <Button onClick={() => change((settings) => ({ ...settings, camera: false, microphone: false }))}>
            Go on without camera and microphone
          </Button>
        )}
      </div>
      <p className="stage__detail">
        {code}
        {requestId !== undefined && ` · request ${requestId}`}
      </p>
    </div>
  );
}
