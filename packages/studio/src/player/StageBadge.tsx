import type { ReactElement } from 'react';
import { useStudio } from '../app/studio.ts';
import type { Place } from '../app/workspace.ts';
import { useStore } from '../session/store.ts';
import type { Phase } from '../session/session-view.ts';
import type { Player } from './use-player.ts';

const WORDS: Readonly<Record<Phase['name'], string>> = {
  idle: 'Ready',
  connecting: 'Connecting',
  live: 'Live',
  reconnecting: 'Reconnecting',
  ended: 'Finished',
  failed: 'Failed',
};

interface StageBadgeProps {
  readonly place: Place;
  readonly player: Player;
  /** Of a session among several. */
  readonly number: number | undefined;
}

/** The state in a word, also told to a screen reader. */
export function StageBadge({ place, player, number }: StageBadgeProps): ReactElement | null {
  const studio = useStudio();
  const { phase } = useStore(place.session.view);
  const isReady = useStore(studio.service.view).state.name === 'ready';
  // Then what is to be said of the server stands in the middle of the stage.
  if (phase.name === 'idle' && !isReady) return null;
  const state = player.isRecording ? 'recording' : phase.name;
  return (
    <p className="stage__badge" data-state={state}>
      <span className="pill__dot" />
      {number !== undefined && <span className="numeric">{number}</span>}
      <span role="status" data-testid="state">
        {player.isRecording ? 'Recording' : WORDS[phase.name]}
      </span>
    </p>
  );
}
