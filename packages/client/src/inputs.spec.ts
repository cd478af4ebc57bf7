import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Inputs } from './inputs.js';
import { StreamError } from './stream-error.js';

class Track {
  enabled = true;
  readyState = 'live';
  constructor(readonly kind: string) {}
  stop(): void {
    this.readyState = 'ended';
  }
}

class Stream {
  readonly #tracks: Set<Track>;
  constructor(tracks: readonly Track[] = []) {
    this.#tracks = new Set(tracks);
  }
  getTracks(): Track[] {
    return [...this.#tracks];
  }
  addTrack(track: Track): void {
    this.#tracks.add(track);
  }
  removeTrack(track: Track): void {
    this.#tracks.delete(track);
  }
}

describe('Inputs', () => {
  /** What the user answers, and when. */
  let answer: PromiseWithResolvers<Stream>;
  beforeEach(() => {
    answer = Promise.withResolvers();
    vi.stubGlobal('MediaStream', Stream);
    vi.stubGlobal('MediaStreamTrack', Track);
    vi.stubGlobal('navigator', { mediaDevices: { getUserMedia: () => answer.promise } });
  });
  afterEach(() => void vi.unstubAllGlobals());

  const states = (tracks: readonly Track[]): string[] => tracks.map(({ readyState }) => readyState);

  it('opens camera and microphone, and stops them when it is closed', async () => {
    const inputs = new Inputs({ video: true, audio: true });
    const tracks = [new Track('video'), new Track('audio')];
    answer.resolve(new Stream(tracks));
    await inputs.open(new AbortController().signal);
    expect([states(tracks), inputs.stream.getTracks().length]).toEqual([['live', 'live'], 2]);
    inputs.close();
    expect([states(tracks), inputs.stream.getTracks().length]).toEqual([['ended', 'ended'], 0]);
  });

  it('does not wait for the user once connecting was given up, and stops all that is opened later', async () => {
    const inputs = new Inputs({ video: true, audio: true });
    const aborter = new AbortController();
    const opened = inputs.open(aborter.signal);
    aborter.abort(new StreamError('closed', 'over'));
    inputs.close();
    await expect(opened).rejects.toMatchObject({ code: 'closed' });
    const tracks = [new Track('video'), new Track('audio')];
    answer.resolve(new Stream(tracks));
    await vi.waitFor(() => expect(states(tracks)).toEqual(['ended', 'ended']));
    expect(inputs.stream.getTracks()).toEqual([]);
  });

  it('stops what another device gives after the session was closed', async () => {
    const inputs = new Inputs({ video: undefined, audio: 'later' });
    const changed = inputs.change('audio', true);
    inputs.close();
    const track = new Track('audio');
    answer.resolve(new Stream([track]));
    await expect(changed).rejects.toMatchObject({ code: 'closed' });
    expect(track.readyState).toBe('ended');
  });

  it('says that the user refused', async () => {
    const inputs = new Inputs({ video: true, audio: undefined });
    answer.reject(new DOMException('Permission denied', 'NotAllowedError'));
    await expect(inputs.open(new AbortController().signal)).rejects.toMatchObject({ code: 'media-denied' });
  });
});
