import { StreamError, type StreamErrorCode } from '@telefuser/stream-client';
import { Store } from '../session/store.ts';

export type InputKind = 'camera' | 'microphone';

export interface InputView {
  readonly track: MediaStreamTrack | undefined;
  readonly deviceId: string | undefined;
  readonly error: StreamError | undefined;
  readonly isOpening: boolean;
}

const CLOSED: InputView = { track: undefined, deviceId: undefined, error: undefined, isOpening: false };

/** One camera or microphone, opened for preview and for sending. It owns the track. */
export class MediaInput {
  readonly view = new Store<InputView>(CLOSED);
  readonly kind: InputKind;
  #wanted = 0;

  constructor(kind: InputKind) {
    this.kind = kind;
  }

  /** Opens the device, or the browser's choice. Which one it came to be, or why none, is in `view`; it never rejects. */
  open(deviceId?: string): Promise<void> {
    this.#wanted += 1;
    return this.#open(this.#wanted, deviceId);
  }

  close(): void {
    this.#wanted += 1;
    this.view.get().track?.stop();
    this.view.set(CLOSED);
  }

  async #open(turn: number, deviceId: string | undefined): Promise<void> {
    this.view.update((view) => ({ ...view, error: undefined, isOpening: true }));
    const device = deviceId === undefined ? true : { deviceId: { exact: deviceId } };
    try {
      // No `mediaDevices` where the page is neither of HTTPS nor of localhost.
      if (!('mediaDevices' in navigator)) throw new DOMException('This page is not secure.', 'SecurityError');
      const stream = await navigator.mediaDevices.getUserMedia(this.kind === 'camera' ? { video: device } : { audio: device });
      const [track] = stream.getTracks();
      if (turn !== this.#wanted) {
        track?.stop();
        return;
      }
      this.view.get().track?.stop();
      this.view.set({ track, deviceId: track?.getSettings().deviceId, error: undefined, isOpening: false });
      // Unplugged, or taken away by the browser; a track that is stopped here says nothing.
      track?.addEventListener('ended', () => {
        if (this.view.get().track !== track) return;
        this.view.set({ ...CLOSED, error: new StreamError('media-unavailable', `The ${this.kind} was taken away.`) });
      });
    } catch (error) {
      if (turn !== this.#wanted) return;
      this.view.get().track?.stop();
      this.view.set({ ...CLOSED, error: inputError(error) });
    }
  }
}

const CODES: Readonly<Record<string, StreamErrorCode>> = {
  NotAllowedError: 'media-denied',
  NotFoundError: 'media-not-found',
  OverconstrainedError: 'media-not-found',
};

function inputError(error: unknown): StreamError {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  return new StreamError(CODES[name] ?? 'media-unavailable', message, { cause: error });
}
