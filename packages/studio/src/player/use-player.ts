import { useCallback, useEffect, useRef, useState, type RefObject } from 'react';
import type { StreamSession } from '@telefuser/stream-client';
import { fileName, saveFile } from '../ui/save-file.ts';
import { Recording } from './recording.ts';
import { takeSnapshot } from './snapshot.ts';

/** What a person can do with the picture and the sound, here and without the server. */
export interface Player {
  readonly isMuted: boolean;
  /** 0–1 */
  readonly volume: number;
  /** Whether a picture has been shown. */
  readonly hasPicture: boolean;
  readonly isRecording: boolean;
  setMuted(isMuted: boolean): void;
  setVolume(volume: number): void;
  /** Saves the picture that is shown. */
  snapshot(): Promise<void>;
  /** @throws where the browser does not allow it */
  togglePictureInPicture(): Promise<void>;
  /**
   * Begins to record, or ends it and saves what was recorded.
   * @throws where the browser cannot record
   */
  toggleRecording(): void;
}

/** @returns what the video element that shows the session is to be given as its `ref`, and what can be done with it */
export function usePlayer(session: StreamSession | undefined): readonly [RefObject<HTMLVideoElement | null>, Player] {
  const video = useRef<HTMLVideoElement>(null);
  const recording = useRef<Recording>(null);
  // Sound that nobody has asked for is refused by browsers, and startles.
  const [isMuted, setMuted] = useState(true);
  const [volume, setVolumeValue] = useState(1);
  const [hasPicture, setHasPicture] = useState(false);
  const [isRecording, setIsRecording] = useState(false);

  useEffect(() => {
    const element = video.current;
    if (session === undefined || element === null) return undefined;
    const shown = (): void => setHasPicture(true);
    const heard = (): void => setMuted(element.muted);
    element.addEventListener('playing', shown);
    element.addEventListener('volumechange', heard);
    const detach = session.attach(element);
    const off = session.on('end', () => recording.current?.finish());
    return () => {
      off();
      recording.current?.finish();
      element.removeEventListener('playing', shown);
      element.removeEventListener('volumechange', heard);
      detach();
      setHasPicture(false);
    };
  }, [session]);

  const snapshot = useCallback(async () => {
    if (video.current === null) return;
    saveFile(fileName('snapshot', 'png', new Date()), await takeSnapshot(video.current));
  }, []);

  const toggleRecording = useCallback(() => {
    if (recording.current !== null) {
      recording.current.finish();
      return;
    }
    if (session === undefined) return;
    recording.current = new Recording(session.stream, (content, extension) => {
      recording.current = null;
      setIsRecording(false);
      if (content.size > 0) saveFile(fileName('recording', extension, new Date()), content);
    });
    setIsRecording(true);
  }, [session]);

  const player: Player = {
    isMuted,
    volume,
    hasPicture,
    isRecording,
    snapshot,
    toggleRecording,
    setMuted: useCallback((muted: boolean) => {
      if (video.current !== null) video.current.muted = muted;
      setMuted(muted);
    }, []),
    togglePictureInPicture: useCallback(async () => {
      if (document.pictureInPictureElement !== null) await document.exitPictureInPicture();
      else await video.current?.requestPictureInPicture();
    }, []),
    setVolume: useCallback((value: number) => {
      if (video.current !== null) video.current.volume = value;
      setVolumeValue(value);
    }, []),
  };
  return [video, player];
}
