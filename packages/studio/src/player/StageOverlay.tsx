import type { ReactElement } from 'react';
import { useStudio } from '../app/studio.ts';
import type { Place } from '../app/workspace.ts';
import { useStore } from '../session/store.ts';
import { Button } from '../ui/Button.tsx';
import { Icon } from '../ui/Icon.tsx';
import { CredentialForm } from './CredentialForm.tsx';
import { FailureNotice } from './FailureNotice.tsx';
import { ServerNotice } from './ServerNotice.tsx';
import type { Player } from './use-player.ts';

interface StageOverlayProps {
  readonly place: Place;
  readonly player: Player;
  readonly isTile: boolean;
}

/** What stands on the screen when there is no picture, and what is to be said about the one there is. */
export function StageOverlay({ place, player, isTile }: StageOverlayProps): ReactElement | null {
  const studio = useStudio();
  const { phase } = useStore(place.session.view);
  const start = (): void => studio.start(place);
  switch (phase.name) {
    case 'connecting':
      return <Waiting text={phase.step} />;
    case 'live':
      if (!player.hasPicture) return <Waiting text="Connected. Waiting for the first picture…" />;
      return <LiveNotice place={place} player={player} isTile={isTile} />;
    case 'reconnecting':
      return (
        <p className="stage__notice" role="status">
          The connection was lost. Looking for the way back…
        </p>
      );
    case 'failed':
      if (phase.failure.action === 'credential') return <CredentialForm detail={phase.failure.title} onEntered={start} />;
      return <FailureNotice failure={phase.failure} place={place} onRetry={start} />;
    case 'idle':
    case 'ended':
      return <Poster isOver={phase.name === 'ended'} isTile={isTile} onStart={start} />;
    default:
      return phase satisfies never;
  }
}

interface PosterProps {
  /** Whether a stream has been played to its end. */
  readonly isOver: boolean;
  readonly isTile: boolean;
  readonly onStart: () => void;
}

/** What the pipeline is, and the way to see it; or why there is none. */
function Poster({ isOver, isTile, onStart }: PosterProps): ReactElement {
  const { state, pipeline } = useStore(useStudio().service.view);
  if (state.name === 'unauthenticated') return <CredentialForm detail={state.detail} isWrong={state.wasTried} />;
  if (state.name !== 'ready' || pipeline === undefined) return <ServerNotice state={state} />;
  const text = isOver
    ? 'It ended by itself. Play it again, or change the request first.'
    : (pipeline.description ?? HINTS[pipeline.mode]);
  return (
    <div className="stage__overlay stage__overlay--poster">
      <button type="button" className="play" aria-label={isOver ? 'Play again' : 'Play'} onClick={onStart}>
        <Icon name={isOver ? 'retry' : 'play'} />
      </button>
      <p className="stage__title">{isOver ? 'The stream is over' : pipeline.name}</p>
      {!isTile && <p className="stage__text">{text}</p>}
    </div>
  );
}

/** Over a picture that plays: what is about to happen, else that there is sound to be heard. */
function LiveNotice({ place, player, isTile }: StageOverlayProps): ReactElement | null {
  const { goingAwayAtMs } = useStore(place.session.view);
  const hasSound = (useStore(place.session.history.samples).at(-1)?.audio?.bitrate ?? 0) > 0;
  if (goingAwayAtMs !== undefined) {
    return (
      <p className="stage__notice" role="status">
        The server is about to end. This session goes on until {new Date(goingAwayAtMs).toLocaleTimeString()} at most.
      </p>
    );
  }
  return player.isMuted && hasSound && !isTile ? <UnmuteHint player={player} /> : null;
}

const HINTS = {
  server_push: 'Press play: the pipeline streams to you.',
  bidirectional: 'Press play, then steer it with keys, messages, camera or microphone.',
} as const;

function Waiting({ text }: { readonly text: string }): ReactElement {
  return (
    <div className="stage__overlay stage__overlay--solid">
      <span className="spinner" />
      <p className="stage__text" role="status">
        {text}
      </p>
    </div>
  );
}

function UnmuteHint({ player }: { readonly player: Player }): ReactElement {
  return (
    <div className="stage__notice stage__notice--button">
      <Button icon="volume" onClick={() => player.setMuted(false)}>
        Play the sound
      </Button>
    </div>
  );
}
