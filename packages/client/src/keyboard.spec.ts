import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { controlByKeys, type KeyController } from './keyboard.js';
import { StreamError } from './stream-error.js';
import type { StreamEvents, StreamSession, StreamState } from './stream-session.js';
import { TypedEvents } from './typed-events.js';

/** A session that takes what is sent while it is live and has room. */
class Pipeline {
  readonly events = new TypedEvents<StreamEvents>();
  readonly on: StreamSession['on'] = (name, listener, options) => this.events.on(name, listener, options);
  readonly sent: string[] = [];
  state: StreamState = 'live';
  isFull = false;

  readonly control = vi.fn<StreamSession['control']>(({ key, action }) => {
    if (this.state !== 'live') throw new StreamError('not-connected', 'not live');
    if (this.isFull) throw new StreamError('channel-full', 'full');
    this.sent.push(`${String(key)} ${String(action)}`);
    return {} as ReturnType<StreamSession['control']>;
  });

  become(state: StreamState): void {
    this.state = state;
    this.events.emit('state', state);
  }
}

describe('controlByKeys', () => {
  let pipeline: Pipeline;
  let keys: KeyController;
  beforeEach(() => {
    // The window's.
    vi.stubGlobal('addEventListener', () => undefined);
    pipeline = new Pipeline();
    keys = controlByKeys(pipeline, new EventTarget());
  });
  afterEach(() => void vi.unstubAllGlobals());

  it('sends the releases of a time without connection when there is one again, once', () => {
    keys.press('w');
    keys.press('a');
    pipeline.become('reconnecting');
    keys.release('w');
    expect([...keys.held]).toEqual(['a']);
    expect(pipeline.sent).toEqual(['w press', 'a press']);
    pipeline.become('live');
    expect(pipeline.sent.slice(2)).toEqual(['w release']);
    pipeline.become('reconnecting');
    pipeline.become('live');
    keys.release('a');
    expect(pipeline.sent.slice(3)).toEqual(['a release']);
  });

  it('owes the releases of a controller that was stopped meanwhile, and listens no longer than that', () => {
    keys.press('w');
    pipeline.become('reconnecting');
    keys.stop();
    expect(pipeline.events.has('state')).toBe(true);
    pipeline.become('live');
    expect(pipeline.sent).toEqual(['w press', 'w release']);
    expect(pipeline.events.has('state')).toBe(false);
  });

  it('stops at once where nothing is owed', () => {
    keys.press('w');
    keys.stop();
    expect(pipeline.sent).toEqual(['w press', 'w release']);
    expect(pipeline.events.has('state')).toBe(false);
  });

  it('sends a release that had no room before the next key, and none of a key that is held again', () => {
    keys.press('w');
    keys.press('a');
    pipeline.isFull = true;
    keys.releaseAll();
    expect([...keys.held]).toEqual([]);
    expect(() => keys.press('d')).toThrow('full');
    pipeline.isFull = false;
    keys.press('a');
    expect(pipeline.sent.slice(2)).toEqual(['w release', 'a release', 'a press']);
    pipeline.become('live');
    expect(pipeline.sent.slice(5)).toEqual([]);
  });
});
