/** A picture as the browser puts it on the screen. */
export interface WatchedFrame {
  /** Undefined in a browser that does not say. */
  readonly rtpTimestamp: number | undefined;
  /** When it is due on the screen, `performance.now()`. */
  readonly displayedAtMs: number;
  readonly width: number;
  readonly height: number;
}

/**
 * Tells of every frame that a video element puts on the screen (HTMLVideoElement.requestVideoFrameCallback). A page that is hidden shows none.
 * @returns stops
 */
export function watchFrames(video: HTMLVideoElement, onFrame: (frame: WatchedFrame) => void): () => void {
  // Not every browser has it.
  if (!('requestVideoFrameCallback' in video)) return () => undefined;
  let handle = 0;
  const next = (): void => {
    handle = video.requestVideoFrameCallback((_now, { rtpTimestamp, expectedDisplayTime, width, height }) => {
      next();
      onFrame({ rtpTimestamp, displayedAtMs: expectedDisplayTime, width, height });
    });
  };
  next();
  return () => video.cancelVideoFrameCallback(handle);
}
