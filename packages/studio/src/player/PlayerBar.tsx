import { useEffect, useState, type ReactElement, type RefObject } from 'react';
import { useStudio } from '../app/studio.ts';
import type { Place } from '../app/workspace.ts';
import { useStore } from '../session/store.ts';
import { Button, IconButton } from '../ui/Button.tsx';
import { useToast } from '../ui/toast.tsx';
import { ElapsedTime } from './ElapsedTime.tsx';
import type { Player } from './use-player.ts';

interface PlayerBarProps {
  readonly place: Place;
  readonly player: Player;
  /** What fills the screen. */
  readonly frame: RefObject<HTMLElement | null>;
}

/** Play and stop, sound, and what can be done with the picture. */
export function PlayerBar({ place, player, frame }: PlayerBarProps): ReactElement {
  const studio = useStudio();
  const toast = useToast();
  const { state, pipeline } = useStore(studio.service.view);
  const { phase, startedAtMs } = useStore(place.session.view);
  const isOpen = phase.name === 'connecting' || phase.name === 'live' || phase.name === 'reconnecting';
  const canStart = pipeline !== undefined && state.name === 'ready';
  const isPlaying = (phase.name === 'live' || phase.name === 'reconnecting') && player.hasPicture;
  const isFull = useIsFullScreen(frame);
  const failed = (what: string) => (): void => toast(`${what} is not possible here.`);
  return (
    <div className="player-bar" role="group" aria-label="Player">
      {isOpen ? (
        <Button icon="stop" onClick={() => place.session.stop()}>
          Stop
        </Button>
      ) : (
        <Button icon="play" disabled={!canStart} onClick={() => studio.start(place)}>
          Play
        </Button>
      )}
      <span className="player-bar__time numeric">
        {startedAtMs !== undefined && isOpen && <ElapsedTime sinceMs={startedAtMs} />}
      </span>
      <span className="player-bar__space" />
      <IconButton
        icon={player.isMuted ? 'muted' : 'volume'}
        label={player.isMuted ? 'Unmute' : 'Mute'}
        aria-pressed={player.isMuted}
        onClick={() => player.setMuted(!player.isMuted)}
      />
      <input
        className="volume"
        type="range"
        min={0}
        max={1}
        step={0.05}
        aria-label="Volume"
        value={player.isMuted ? 0 : player.volume}
        onChange={({ target }) => {
          player.setVolume(target.valueAsNumber);
          player.setMuted(target.valueAsNumber === 0);
        }}
      />
      <IconButton
        icon="camera"
        label="Save a snapshot"
        disabled={!isPlaying}
        onClick={() => void player.snapshot().then(() => toast('Snapshot saved.'), failed('A snapshot'))}
      />
      <IconButton
        icon="record"
        kind="record"
        label={player.isRecording ? 'Stop recording and save' : 'Record'}
        aria-pressed={player.isRecording}
        disabled={!isPlaying}
        onClick={() => {
          try {
            player.toggleRecording();
          } catch {
            failed('A recording')();
          }
        }}
      />
      {document.pictureInPictureEnabled && (
        <IconButton
          icon="pictureInPicture"
          label="Picture in picture"
          disabled={!isPlaying}
          onClick={() => void player.togglePictureInPicture().catch(failed('Picture in picture'))}
        />
      )}
      <IconButton
        icon={isFull ? 'shrink' : 'expand'}
        label={isFull ? 'Leave full screen' : 'Full screen'}
        onClick={() => void toggleFullScreen(frame.current).catch(failed('Full screen'))}
      />
    </div>
  );
}

async function toggleFullScreen(frame: HTMLElement | null): Promise<void> {
  if (document.fullscreenElement !== null) await document.exitFullscreen();
  else await frame?.requestFullscreen();
}

function useIsFullScreen(frame: RefObject<HTMLElement | null>): boolean {
  const [isFull, setIsFull] = useState(false);
  useEffect(() => {
    const look = (): void => setIsFull(document.fullscreenElement !== null && document.fullscreenElement === frame.current);
    document.addEventListener('fullscreenchange', look);
    return () => document.removeEventListener('fullscreenchange', look);
  }, [frame]);
  return isFull;
}
