import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('aiortc_client.py', import.meta.url));
/** Debian's own: packages of another Python are not looked for. */
const PYTHON = '/usr/bin/python3';
const WAIT_TIMEOUT_MS = 10_000;
const EXIT_TIMEOUT_MS = 8_000;
const SHOWN_EVENTS = 12;
const SHOWN_CHARACTERS = 300;

export type Yuv = readonly [number, number, number];

export interface FrameEvent {
  readonly event: 'frame';
  readonly at: number;
  readonly pts: number;
  readonly width: number;
  readonly height: number;
  readonly counter: number | null;
  readonly probes: Readonly<Record<string, Yuv>>;
}

export interface SoundEvent {
  readonly event: 'sound';
  readonly at: number;
  readonly pts: number;
  readonly tones: Readonly<Record<string, readonly [number, number]>>;
}

/** What the client prints; aiortc_client.py says what each means. */
export type ClientEvent =
  | FrameEvent
  | SoundEvent
  | { readonly event: 'session'; readonly at: number; readonly session_id: string; readonly answer: string }
  | { readonly event: 'refused'; readonly at: number; readonly status: number; readonly detail: string }
  | { readonly event: 'connection'; readonly at: number; readonly state: string }
  | { readonly event: 'channel'; readonly at: number; readonly state: string }
  | { readonly event: 'message'; readonly at: number; readonly text: string }
  | { readonly event: 'ended'; readonly at: number; readonly kind: 'audio' | 'video' }
  | { readonly event: 'deleted'; readonly at: number; readonly status: number }
  | { readonly event: 'failed'; readonly at: number; readonly error: string };

type Direction = 'recvonly' | 'sendrecv' | 'sendonly' | 'none';

export interface ClientOptions {
  readonly server: string;
  /** Fields of the offer beside the SDP. */
  readonly offer: Readonly<Record<string, unknown>>;
  /** Default: `recvonly`. */
  readonly video?: Direction;
  /** Default: `recvonly`. */
  readonly audio?: Direction;
  /** Label of a data channel. Default: none is made. */
  readonly channel?: string;
  /** Default: all that aiortc has. */
  readonly videoCodec?: 'VP8' | 'H264';
  /** Offers at once, as a page that does not wait for ICE gathering. */
  readonly withoutCandidates?: boolean;
  /** Rectangles of the picture whose mean colour is wanted: x, y, width, height. */
  readonly probes?: Readonly<Record<string, readonly [number, number, number, number]>>;
  /** Frequencies whose amplitude is wanted, Hz. */
  readonly tones?: readonly number[];
}

/** One aiortc client in a process of its own. Everything it reports is kept, in order. Disposing it closes the connection. */
export class AiortcClient implements AsyncDisposable {
  readonly events: ClientEvent[] = [];
  private readonly waiting = new Set<() => void>();
  private errors = '';
  private exited = false;

  private constructor(private readonly child: ChildProcessWithoutNullStreams) {
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.errors += text));
    // A client that has ended cannot be told anything; that it ended is reported to whoever waits.
    child.stdin.on('error', () => undefined);
    createInterface({ input: child.stdout }).on('line', (line) => {
      this.events.push(JSON.parse(line) as ClientEvent);
      this.wake();
    });
    child.once('close', () => {
      this.exited = true;
      this.wake();
    });
  }

  /** Starts a client that connects at once. */
  static start(options: ClientOptions): AiortcClient {
    const { server, video, audio, channel, videoCodec, withoutCandidates, probes, tones = [] } = options;
    const values = { server, video, audio, channel, 'video-codec': videoCodec, probe: probes && JSON.stringify(probes) };
    const args = Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, value]));
    if (withoutCandidates === true) args.push('--without-candidates');
    args.push(...tones.flatMap((tone) => ['--tone', String(tone)]));
    const client = new AiortcClient(spawn(PYTHON, ['-I', '-u', SCRIPT, ...args], { env: {} }));
    client.tell(options.offer);
    return client;
  }

  get frames(): FrameEvent[] {
    return this.all('frame');
  }

  get sounds(): SoundEvent[] {
    return this.all('sound');
  }

  /** The data channel's messages that are of `type`, parsed. */
  messages(type: string): Record<string, unknown>[] {
    return this.all('message')
      .map(({ text }) => JSON.parse(text) as Record<string, unknown>)
      .filter((message) => message['type'] === type);
  }

  all<Name extends ClientEvent['event']>(name: Name): Extract<ClientEvent, { event: Name }>[] {
    return this.events.filter((event): event is Extract<ClientEvent, { event: Name }> => event.event === name);
  }

  /** Resolves to what `look` finds as soon as it finds something; rejects when the client ends or time is up before. */
  async until<Found>(what: string, look: () => Found | undefined | false, timeoutMs = WAIT_TIMEOUT_MS): Promise<Found> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const found = look();
      if (found !== undefined && found !== false) return found;
      const leftMs = deadline - performance.now();
      if (this.exited || leftMs <= 0) throw new Error(this.describeFailure(what, timeoutMs));
      await this.nextEvent(leftMs);
    }
  }

  /** Resolves to the id of the session the server opened. */
  async session(): Promise<string> {
    return this.until('the answer', () => this.all('session')[0]?.session_id);
  }

  /** Resolves when the server has ended the connection. aiortc 1.4 shows that by the end of its `tracks`, and not in any state. */
  async ended(tracks = 2): Promise<void> {
    await this.until('the tracks to end', () => this.all('ended').length === tracks);
  }

  /** Resolves when the data channel is in `state`. */
  async channel(state: 'open' | 'closed'): Promise<void> {
    await this.until(`the channel to be ${state}`, () => this.all('channel').some((event) => event.state === state));
  }

  /** Resolves to the frames of `seconds` of the stream, from the first one on. */
  async framesOf(seconds: number): Promise<FrameEvent[]> {
    return this.until(
      `${seconds} s of frames`,
      () => {
        const { frames } = this;
        const end = (frames[0]?.at ?? Infinity) + seconds;
        return frames.some(({ at }) => at >= end) && frames.filter(({ at }) => at < end);
      },
      WAIT_TIMEOUT_MS + seconds * 1000,
    );
  }

  /** Sends text on the data channel. */
  send(message: unknown): void {
    this.tell({ do: 'send', text: typeof message === 'string' ? message : JSON.stringify(message) });
  }

  /** Deletes the session; resolves to the answer's status. */
  async delete(): Promise<number> {
    const before = this.all('deleted').length;
    this.tell({ do: 'delete' });
    return this.until('the answer to DELETE', () => this.all('deleted')[before]?.status);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.exited) return;
    const closed = once(this.child, 'close');
    this.child.stdin.end();
    const timer = setTimeout(() => this.child.kill('SIGKILL'), EXIT_TIMEOUT_MS);
    await closed;
    clearTimeout(timer);
    if (this.child.exitCode !== 0) throw new Error(this.describeFailure('its end', EXIT_TIMEOUT_MS));
  }

  private tell(command: unknown): void {
    this.child.stdin.write(`${JSON.stringify(command)}\n`);
  }

  private async nextEvent(timeoutMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(() => resolve(), timeoutMs);
    this.waiting.add(resolve);
    await promise;
    this.waiting.delete(resolve);
    clearTimeout(timer);
  }

  private wake(): void {
    for (const resolve of this.waiting) resolve();
  }

  private describeFailure(what: string, timeoutMs: number): string {
    const why = this.exited ? `the aiortc client ended (${String(this.child.exitCode)})` : `${timeoutMs} ms were over`;
    const others = this.events.filter(({ event }) => event !== 'frame' && event !== 'sound').slice(-SHOWN_EVENTS);
    const counts = `${this.frames.length} frames, ${this.sounds.length} pieces of sound`;
    return [
      `${why} while a test waited for ${what}: ${counts}`,
      ...others.map((event) => JSON.stringify(event).slice(0, SHOWN_CHARACTERS)),
      this.errors,
    ].join('\n');
  }
}
