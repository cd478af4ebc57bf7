import { textOf } from './http-api.js';
import type { InputSource } from './options.js';
import { StreamError, type StreamErrorCode } from './stream-error.js';
import { until } from './waiting.js';

export type InputKind = 'video' | 'audio';

const OPTION = { video: 'camera', audio: 'microphone' } as const;

/** What getUserMedia rejects with (Media Capture and Streams section 10.2). */
const DENIALS: Readonly<Record<string, StreamErrorCode>> = {
  NotAllowedError: 'media-denied',
  SecurityError: 'media-denied',
  NotFoundError: 'media-not-found',
  OverconstrainedError: 'media-not-found',
};

interface Input {
  readonly track: MediaStreamTrack;
  /** Whether we opened it, and so stop it. */
  readonly isOurs: boolean;
}

/** The camera and microphone of one session. It stops what it opened. */
export class Inputs {
  readonly stream = new MediaStream();
  readonly #open = new Map<InputKind, Input>();
  readonly #muted: Record<InputKind, boolean> = { video: false, audio: false };
  #closed = false;

  constructor(private readonly wanted: Readonly<Record<InputKind, InputSource | undefined>>) {}

  /** Whether the offer has room for it. */
  has(kind: InputKind): boolean {
    const source = this.wanted[kind];
    return source !== undefined && source !== false;
  }

  track(kind: InputKind): MediaStreamTrack | undefined {
    return this.#open.get(kind)?.track;
  }

  /** Opens what is wanted, with one question to the user. @throws StreamError */
  async open(signal: AbortSignal): Promise<void> {
    const asked: MediaStreamConstraints = {};
    for (const kind of ['video', 'audio'] as const) {
      const source = this.wanted[kind];
      if (source instanceof MediaStreamTrack) this.#put(kind, { track: requireKind(source, kind), isOurs: false });
      else if (source !== undefined && source !== false && source !== 'later') asked[kind] = source;
    }
    if (asked.video === undefined && asked.audio === undefined) return;
    // A question that nobody answers keeps no session from being closed.
    await Promise.race([this.#ask(asked), until(signal, [], () => false, { signal })]);
  }

  /** Puts another source in its place, and returns its track, or null for none. @throws StreamError */
  async change(kind: InputKind, source: InputSource): Promise<MediaStreamTrack | null> {
    if (!this.has(kind)) {
      throw new StreamError('invalid-option', `There is no room for it: pass ${OPTION[kind]}: 'later' to connect().`);
    }
    if (source === false || source === 'later') {
      this.#remove(kind);
      return null;
    }
    if (source instanceof MediaStreamTrack) {
      this.#put(kind, { track: requireKind(source, kind), isOurs: false });
      return source;
    }
    const [track] = await this.#ask({ [kind]: source });
    if (track === undefined) throw new StreamError('media-not-found', `The browser gave no ${OPTION[kind]}.`);
    return track;
  }

  isMuted(kind: InputKind): boolean {
    return this.#muted[kind];
  }

  /** A muted track sends black, or silence (Media Capture and Streams section 4.3.3). */
  mute(kind: InputKind, muted: boolean): void {
    this.#muted[kind] = muted;
    const track = this.track(kind);
    if (track !== undefined) track.enabled = !muted;
  }

  close(): void {
    this.#closed = true;
    for (const kind of this.#open.keys()) this.#remove(kind);
  }

  /** Opens devices, and puts them in the place of those before. @throws StreamError */
  async #ask(constraints: MediaStreamConstraints): Promise<readonly MediaStreamTrack[]> {
    const tracks = (await openDevices(constraints)).getTracks();
    // The user may have answered after the session was closed.
    if (this.#closed) for (const track of tracks) track.stop();
    for (const track of tracks) this.#put(track.kind as InputKind, { track, isOurs: true });
    return tracks;
  }

  #put(kind: InputKind, input: Input): void {
    this.#remove(kind);
    if (this.#closed) throw new StreamError('closed', 'The session is over.');
    input.track.enabled = !this.#muted[kind];
    this.#open.set(kind, input);
    this.stream.addTrack(input.track);
  }

  #remove(kind: InputKind): void {
    const input = this.#open.get(kind);
    if (input === undefined) return;
    this.#open.delete(kind);
    this.stream.removeTrack(input.track);
    if (input.isOurs) input.track.stop();
  }
}

function requireKind(track: MediaStreamTrack, kind: InputKind): MediaStreamTrack {
  if (track.kind === kind) return track;
  throw new StreamError('invalid-option', `${OPTION[kind]} takes a track of ${kind}, and this one is of ${track.kind}.`);
}

async function openDevices(constraints: MediaStreamConstraints): Promise<MediaStream> {
  try {
    return await navigator.mediaDevices.getUserMedia(constraints);
  } catch (cause) {
    const code = (cause instanceof Error ? DENIALS[cause.name] : undefined) ?? 'media-unavailable';
    const what = Object.keys(constraints).map((kind) => OPTION[kind as InputKind]);
    throw new StreamError(code, `The ${what.join(' and ')} could not be opened: ${textOf(cause)}.`, { cause });
  }
}
