import { watchFrames, type WatchedFrame } from './frame-watch.js';

/** What is received, and the elements that show it. The stream is the same for life; its tracks are those of the present connection. */
export class MediaOutput {
  readonly stream = new MediaStream();
  readonly #shown = new Map<HTMLVideoElement, () => void>();
  readonly #onFrame: (frame: WatchedFrame) => void;
  #muted = false;

  /** @param onFrame told of each frame of the element that was attached first. */
  constructor(onFrame: (frame: WatchedFrame) => void) {
    this.#onFrame = onFrame;
  }

  get muted(): boolean {
    return this.#muted;
  }

  set muted(muted: boolean) {
    this.#muted = muted;
    for (const track of this.stream.getAudioTracks()) track.enabled = !muted;
  }

  /** Puts the tracks of another connection in the place of those there were. */
  adopt(tracks: readonly MediaStreamTrack[]): void {
    for (const track of this.stream.getTracks()) this.stream.removeTrack(track);
    for (const track of tracks) this.stream.addTrack(track);
    this.muted = this.#muted;
    for (const video of this.#shown.keys()) play(video);
  }

  attach(video: HTMLVideoElement): () => void {
    this.#shown.get(video)?.();
    const stop = watchFrames(video, (frame) => {
      const [first] = this.#shown.keys();
      if (video === first) this.#onFrame(frame);
    });
    const detach = (): void => {
      if (this.#shown.get(video) !== detach) return;
      this.#shown.delete(video);
      stop();
      if (video.srcObject === this.stream) video.srcObject = null;
    };
    this.#shown.set(video, detach);
    video.playsInline = true;
    video.srcObject = this.stream;
    play(video);
    return detach;
  }

  /** Elements keep the last picture until they are detached. */
  close(): void {
    for (const track of this.stream.getTracks()) track.stop();
  }
}

/** A browser plays sound only once somebody has clicked (HTML, "allowed to play"); a picture without sound it plays at once. */
function play(video: HTMLVideoElement): void {
  video.play().catch((error: unknown) => {
    if (!(error instanceof Error) || error.name !== 'NotAllowedError' || video.muted) return;
    video.muted = true;
    video.play().catch(() => undefined);
  });
}
