import type { ReactElement } from 'react';
import { useStudio } from '../app/studio.ts';
import type { ServiceState } from '../server/service.ts';
import { Button } from '../ui/Button.tsx';
import { Icon } from '../ui/Icon.tsx';

/** Why nothing can be played yet, and what is being done about it. */
export function ServerNotice({ state }: { readonly state: ServiceState }): ReactElement {
  const studio = useStudio();
  if (state.name === 'asking') return <div className="stage__overlay stage__overlay--poster" />;
  if (state.name === 'starting') {
    return (
      <div className="stage__overlay stage__overlay--poster" role="status">
        {state.progress === undefined ? (
          <span className="spinner" />
        ) : (
          <progress className="stage__progress" value={state.progress} max={1} aria-label="The pipeline starts" />
        )}
        <p className="stage__title">The pipeline is starting</p>
        <p className="stage__text">{state.reason}</p>
        <p className="stage__text">This page goes on by itself.</p>
      </div>
    );
  }
  const notice = NOTICES[state.name];
  if (notice === undefined) return <div className="stage__overlay stage__overlay--poster" />;
  return (
    <div className="stage__overlay stage__overlay--poster" role="alert">
      <span className="stage__sign">
        <Icon name="alert" />
      </span>
      <p className="stage__title">{notice.title}</p>
      <p className="stage__text">{notice.text}</p>
      {state.name === 'failed' && <p className="stage__detail">{state.reason}</p>}
      <div className="stage__actions">
        <Button icon="retry" kind="primary" onClick={() => studio.service.askNow()}>
          Ask again
        </Button>
      </div>
    </div>
  );
}

const NOTICES: Readonly<Partial<Record<ServiceState['name'], { readonly title: string; readonly text: string }>>> = {
  unreachable: {
    title: 'The server does not answer',
    text: 'See that it still runs and that this device is online. This page asks again every two seconds.',
  },
  failed: {
    title: 'The pipeline failed to start',
    text: 'Its author finds the cause in the server’s log. Correct it and start the server again; this page goes on by itself.',
  },
  draining: { title: 'The server is about to end', text: 'It takes no new sessions. This page goes on when one answers again.' },
};
