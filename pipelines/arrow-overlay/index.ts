/**
 * Bidirectional: a landscape drifts by, and a pad shows the arrow keys that the client holds down. See README.md.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { BidirectionalService, PipelineChunk, PipelineMessage, SessionConfig } from 'telefuser-stream/pipeline';
import { ARROW_KEYS, DirectionPad, type ArrowKey } from './direction-pad.ts';
import { FPS, HEIGHT, Landscape, WIDTH } from './landscape.ts';

/** Later than this, the schedule begins anew instead of catching up. */
const MAX_LATENESS_MS = 250;
const MAX_WAITING_CONTROLS = 64;

interface AppliedControl {
  readonly key: ArrowKey;
  readonly action: 'press' | 'release';
  /** By which the client finds out when it was applied. */
  readonly id?: string | number;
}

/** One client's keys. */
class Session {
  readonly held = new Set<ArrowKey>();
  /** What came since the last frame. */
  readonly waiting: AppliedControl[] = [];
  readonly closed = new AbortController();

  apply(control: AppliedControl): void {
    if (control.action === 'press') this.held.add(control.key);
    else this.held.delete(control.key);
    if (this.waiting.length < MAX_WAITING_CONTROLS) this.waiting.push(control);
  }

  /** The keys to light in the next frame: those held, and those that were only tapped since the last one. */
  takeLit(): { readonly lit: ReadonlySet<ArrowKey>; readonly applied: readonly AppliedControl[] } {
    const applied = this.waiting.splice(0);
    const tapped = applied.filter(({ action }) => action === 'press').map(({ key }) => key);
    return { lit: new Set([...this.held, ...tapped]), applied };
  }
}

export class ArrowOverlayService implements BidirectionalService {
  readonly about = {
    name: 'Arrow overlay',
    description: 'The arrow keys light up a pad in the picture.',
    controls: ['arrows'],
    inputs: [],
  };
  readonly defaultFps = FPS;
  readonly #sessions = new Map<string, Session>();
  // Drawn once and read by every session.
  readonly #landscape = new Landscape();
  readonly #pad = new DirectionPad(WIDTH, HEIGHT);

  stop(): void {
    for (const id of [...this.#sessions.keys()]) this.closeSession(id);
  }

  createSession(config: SessionConfig): string {
    const id = config.session_id;
    if (this.#sessions.has(id)) throw Object.assign(new Error(`the session ${id} exists already`), { code: 'conflict' });
    this.#sessions.set(id, new Session());
    return id;
  }

  pushChunk(sessionId: string, message: PipelineMessage): void {
    const control = readControl(message);
    if (control !== undefined) this.#sessions.get(sessionId)?.apply(control);
  }

  closeSession(sessionId: string): void {
    this.#sessions.get(sessionId)?.closed.abort();
    this.#sessions.delete(sessionId);
  }

  async *pullChunks(sessionId: string): AsyncGenerator<PipelineChunk, void, undefined> {
    const session = this.#sessions.get(sessionId);
    if (session === undefined) return;
    const intervalMs = 1000 / FPS;
    // One buffer a session: it is read before this generator is resumed.
    const data = new Uint8Array((WIDTH * HEIGHT * 3) / 2);
    let anchor = performance.now();
    let sinceAnchor = 0;
    for (let index = 0; ; index += 1) {
      const wait = anchor + sinceAnchor * intervalMs - performance.now();
      if (wait > 0) await sleep(wait, undefined, { signal: session.closed.signal }).catch(() => undefined);
      if (session.closed.signal.aborted) return;
      if (wait < -MAX_LATENESS_MS) {
        anchor = performance.now();
        sinceAnchor = 0;
      }
      sinceAnchor += 1;
      // The keys are looked at last, so that a key press is in the very next frame.
      this.#landscape.drawInto(data, index);
      const { lit, applied } = session.takeLit();
      this.#pad.drawInto(data, lit);
      yield {
        type: 'chunk',
        index,
        frames: [{ format: 'I420', width: WIDTH, height: HEIGHT, data }],
        fps: FPS,
        timestamp: Date.now() / 1000,
        pressed: ARROW_KEYS.filter((key) => session.held.has(key)),
        // The server reads their ids from here, and tells the client that this frame is the first to show them.
        applied_controls: applied,
      };
    }
  }
}

/** A control for the pad. Other messages (media, other keys) are none of its business. @throws Error on an action it cannot carry out */
function readControl(message: PipelineMessage): AppliedControl | undefined {
  if (typeof message !== 'object' || message === null || !('type' in message) || message.type !== 'control') return undefined;
  const { key: name, action, id } = message as { readonly key?: unknown; readonly action?: unknown; readonly id?: unknown };
  const key = ARROW_KEYS.find((candidate) => candidate === name);
  if (key === undefined) return undefined;
  if (action !== 'press' && action !== 'release') throw new Error('action must be "press" or "release"');
  return { key, action, ...(typeof id === 'string' || typeof id === 'number' ? { id } : {}) };
}

export function getService(): ArrowOverlayService {
  return new ArrowOverlayService();
}
