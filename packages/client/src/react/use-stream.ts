import { useCallback, useEffect, useRef, useState } from 'react';
import { connect, type ConnectOptions, type ServerOptions, type StreamSession, type StreamState } from '../index.js';
import { StreamError } from '../stream-error.js';

/** Before there is a session, and then the session's own. */
export type ClientState = 'idle' | 'connecting' | StreamState;

export interface UseStreamOptions extends Omit<ConnectOptions, 'signal'> {
  /** Connect as soon as the component is there, and anew when the server is another. Default: true. */
  readonly autoConnect?: boolean | undefined;
}

export interface StreamHandle {
  readonly state: ClientState;
  /** Undefined until it is live. */
  readonly session: StreamSession | undefined;
  /** Why there is none, or why it failed. */
  readonly error: StreamError | undefined;
  /** For the `ref` of a video element, which shows the stream. */
  readonly video: (element: HTMLVideoElement | null) => void;
  /** Opens a session with the present options, in place of the one there may be. Resolves in any case; `error` says what went wrong. */
  readonly connect: () => Promise<void>;
  readonly disconnect: () => void;
}

interface Present {
  readonly state: ClientState;
  readonly session: StreamSession | undefined;
  readonly error: StreamError | undefined;
}

const IDLE: Present = { state: 'idle', session: undefined, error: undefined };

/**
 * A session for as long as a component is there. Options count when it connects; an object of options that is made anew with each rendering
 * opens no other session.
 */
export function useStream(server: string | URL | ServerOptions, options: UseStreamOptions = {}): StreamHandle {
  const [present, setPresent] = useState(IDLE);
  const latest = useRef({ server, options });
  // Before the effect that connects.
  useEffect(() => {
    latest.current = { server, options };
  });
  const aborter = useRef<AbortController>(undefined);
  const element = useRef<HTMLVideoElement>(null);
  const detach = useRef<() => void>(undefined);
  const shown = useRef<StreamSession>(undefined);

  const show = useCallback(() => {
    detach.current?.();
    detach.current = element.current === null ? undefined : shown.current?.attach(element.current);
  }, []);

  const disconnect = useCallback(() => {
    aborter.current?.abort();
    aborter.current = undefined;
    shown.current = undefined;
    show();
    setPresent(IDLE);
  }, [show]);

  const open = useCallback(async () => {
    disconnect();
    const own = new AbortController();
    aborter.current = own;
    const isOurs = (): boolean => aborter.current === own;
    setPresent({ ...IDLE, state: 'connecting' });
    try {
      const { autoConnect: _, ...wanted } = latest.current.options;
      const session = await connect(latest.current.server, { ...wanted, signal: own.signal });
      if (!isOurs()) return;
      const tell = (): void => {
        if (isOurs()) setPresent({ state: session.state, session, error: session.error });
      };
      session.on('state', tell);
      shown.current = session;
      show();
      tell();
    } catch (error) {
      if (!isOurs()) return;
      const known = error instanceof StreamError ? error : new StreamError('server-error', String(error), { cause: error });
      setPresent({ state: 'failed', session: undefined, error: known });
    }
  }, [disconnect, show]);

  const autoConnect = options.autoConnect ?? true;
  const address = String(typeof server === 'string' || server instanceof URL ? server : server.baseUrl);
  useEffect(() => {
    if (!autoConnect) return undefined;
    void open();
    return disconnect;
  }, [address, autoConnect, open, disconnect]);
  // Whatever opened it, it ends with the component.
  useEffect(() => () => aborter.current?.abort(), []);

  const video = useCallback(
    (next: HTMLVideoElement | null) => {
      element.current = next;
      show();
    },
    [show],
  );
  return { ...present, video, connect: open, disconnect };
}
