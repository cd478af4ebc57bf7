import { createElement, useEffect, type ComponentProps, type ReactElement } from 'react';
import { controlByKeys, type KeySet, type ServerOptions, type StreamSession } from '../index.js';
import type { StreamError } from '../stream-error.js';
import { useStream, type ClientState, type UseStreamOptions } from './use-stream.js';

export interface TelefuserStreamProps extends Omit<ComponentProps<'video'>, 'src' | 'ref' | 'children'> {
  readonly server: string | URL | ServerOptions;
  /** What `connect()` takes. */
  readonly options?: UseStreamOptions;
  /** Steer with these keys while the page has the focus. */
  readonly keys?: readonly KeySet[];
  readonly onSession?: (session: StreamSession) => void;
  readonly onStreamState?: (state: ClientState) => void;
  readonly onStreamError?: (error: StreamError) => void;
}

/** A `<video>` that plays a stream; every other property is the video's own. */
export function TelefuserStream({
  server,
  options,
  keys,
  onSession,
  onStreamState,
  onStreamError,
  ...video
}: TelefuserStreamProps): ReactElement {
  const stream = useStream(server, options);
  const { session, state, error } = stream;
  useEffect(() => {
    if (session !== undefined) onSession?.(session);
  }, [session, onSession]);
  useEffect(() => onStreamState?.(state), [state, onStreamState]);
  useEffect(() => {
    if (error !== undefined) onStreamError?.(error);
  }, [error, onStreamError]);
  const wanted = keys?.join(' ');
  useEffect(() => {
    if (session === undefined || wanted === undefined) return undefined;
    const controller = controlByKeys(session, globalThis, { keys: wanted.split(' ') as KeySet[] });
    return () => controller.stop();
  }, [session, wanted]);
  return createElement('video', { playsInline: true, autoPlay: true, ...video, ref: stream.video });
}
