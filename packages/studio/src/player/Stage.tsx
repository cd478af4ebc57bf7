import { useRef, type ReactElement } from 'react';
import type { Place } from '../app/workspace.ts';
import { Hud } from '../controls/Hud.tsx';
import { useStore } from '../session/store.ts';
import { IconButton } from '../ui/Button.tsx';
import { PlayerBar } from './PlayerBar.tsx';
import { StageBadge } from './StageBadge.tsx';
import { StageOverlay } from './StageOverlay.tsx';
import { usePlayer } from './use-player.ts';

export interface Tile {
  readonly number: number;
  readonly isSelected: boolean;
  readonly onClose: () => void;
}

/** The picture, what is to be said about it, and the bar to play it with. */
export function Stage({ place, tile }: { readonly place: Place; readonly tile?: Tile }): ReactElement {
  const frame = useRef<HTMLElement>(null);
  const { session, phase } = useStore(place.session.view);
  const { prompt } = useStore(place.settings);
  const [video, player] = usePlayer(session);
  const isOpen = phase.name === 'live' || phase.name === 'reconnecting';
  const label = tile ? `Session ${tile.number}${prompt === '' ? '' : `: ${prompt.slice(0, 80)}`}` : 'Picture';
  return (
    <section className="stage" aria-label={label} aria-current={tile?.isSelected} ref={frame} data-phase={phase.name}>
      <div className="stage__screen">
        <video
          className="stage__video"
          ref={video}
          playsInline
          autoPlay
          muted={player.isMuted}
          hidden={!isOpen && phase.name !== 'ended'}
        />
        {isOpen && <Hud session={place.session} />}
        <StageOverlay place={place} player={player} isTile={tile !== undefined} />
        <StageBadge place={place} player={player} number={tile?.number} />
        {tile && (
          <span className="stage__close">
            <IconButton icon="close" label={`Close session ${tile.number}`} onClick={tile.onClose} />
          </span>
        )}
      </div>
      <PlayerBar place={place} player={player} frame={frame} />
    </section>
  );
}
