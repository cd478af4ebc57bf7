import { connect, controlByKeys, type ConnectOptions, type KeyController, type KeySet, type StreamSession } from '../index.js';
import { StreamError } from '../stream-error.js';

/** Attributes that a session is made of: another value of one opens another session. */
const SESSION_ATTRIBUTES = ['src', 'task', 'prompt', 'fps', 'session-id', 'config', 'image', 'credential', 'relay-only'];
/** Attributes that are those of the video within. */
const VIDEO_ATTRIBUTES = ['controls', 'muted', 'poster'];
const STYLE = ':host{display:inline-block}:host([hidden]){display:none}video{display:block;width:100%;height:100%}';

/** On a server that renders pages there is no HTMLElement to extend; the module must be importable all the same. */
const Base = (globalThis as { HTMLElement?: typeof HTMLElement }).HTMLElement ?? (class {} as typeof HTMLElement);

/**
 * `<telefuser-stream src="http://localhost:8088" prompt="a lighthouse" muted controls keys="arrows">`: plays a stream for as long as it is in the page.
 *
 * Attributes: `src`, the server; `task`, `prompt`, `fps`, `session-id`, `config` (a JSON object), `image`, `relay-only`; `credential`; `keys`, sets of keys that steer while it has the
 * focus; `paused`, to connect only by `connect()`; `controls`, `muted` and `poster` of the video. What is no text goes into the property `options`.
 *
 * Events: `state` (`detail` is the state), `live` (the session), `error` (a `StreamError`). The video is `::part(video)`.
 */
export class TelefuserStreamElement extends Base {
  static readonly observedAttributes = [...SESSION_ATTRIBUTES, ...VIDEO_ATTRIBUTES, 'keys'];

  /** What `connect()` takes besides the attributes; it counts from the next session on. */
  options: ConnectOptions = {};
  #video: HTMLVideoElement | undefined;
  #session: StreamSession | undefined;
  #aborter: AbortController | undefined;
  #keys: KeyController | undefined;
  #isDue = false;

  get session(): StreamSession | undefined {
    return this.#session;
  }

  connectedCallback(): void {
    this.#render();
    if (!this.hasAttribute('paused')) this.#connectSoon();
  }

  disconnectedCallback(): void {
    this.disconnect();
  }

  attributeChangedCallback(name: string, before: string | null, now: string | null): void {
    if (before === now || !this.isConnected) return;
    if (name === 'keys') this.#steer();
    else if (VIDEO_ATTRIBUTES.includes(name)) this.#passOn();
    else if (this.#aborter !== undefined) this.#connectSoon();
  }

  /** Opens a session in place of the one there may be. Resolves with it, or with undefined after the event `error`. */
  async connect(): Promise<StreamSession | undefined> {
    this.disconnect();
    const own = new AbortController();
    this.#aborter = own;
    this.#tell('state', 'connecting');
    try {
      const session = await connect(this.#server(), { ...this.#parameters(), ...this.options, signal: own.signal });
      if (this.#aborter !== own || this.#video === undefined) return undefined;
      this.#session = session;
      session.attach(this.#video);
      session.on('state', (state) => {
        this.#tell('state', state);
        if (session.error !== undefined) this.#tell('error', session.error);
      });
      this.#steer();
      this.#tell('state', session.state);
      this.#tell('live', session);
      return session;
    } catch (error) {
      if (this.#aborter !== own) return undefined;
      this.#tell('state', 'failed');
      this.#tell(
        'error',
        error instanceof StreamError ? error : new StreamError('server-error', String(error), { cause: error }),
      );
      return undefined;
    }
  }

  disconnect(): void {
    this.#aborter?.abort();
    this.#aborter = undefined;
    this.#session = undefined;
    this.#keys?.stop();
    this.#keys = undefined;
    if (this.#video !== undefined) this.#video.srcObject = null;
  }

  /** Attributes are set one by one. */
  #connectSoon(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    queueMicrotask(() => {
      this.#isDue = false;
      if (this.isConnected) void this.connect();
    });
  }

  #render(): void {
    if (this.#video !== undefined) return;
    const root = this.attachShadow({ mode: 'open' });
    const style = document.createElement('style');
    style.textContent = STYLE;
    this.#video = document.createElement('video');
    this.#video.part.add('video');
    this.#video.playsInline = this.#video.autoplay = true;
    root.append(style, this.#video);
    this.#passOn();
  }

  #passOn(): void {
    const video = this.#video;
    if (video === undefined) return;
    video.controls = this.hasAttribute('controls');
    video.muted = this.hasAttribute('muted');
    video.poster = this.getAttribute('poster') ?? '';
  }

  #steer(): void {
    this.#keys?.stop();
    this.#keys = undefined;
    const sets = this.getAttribute('keys')
      ?.split(/\s+/)
      .filter((word) => word !== '');
    if (sets === undefined || this.#session === undefined) return;
    if (!this.hasAttribute('tabindex')) this.tabIndex = 0;
    this.#keys = controlByKeys(this.#session, this, { keys: sets.filter(isKeySet) });
  }

  #server(): { baseUrl: string; credential?: string } {
    const credential = this.getAttribute('credential');
    return { baseUrl: this.getAttribute('src') ?? '.', ...(credential === null ? {} : { credential }) };
  }

  /** @throws StreamError `invalid-option` */
  #parameters(): ConnectOptions {
    const text = (name: string): string | undefined => this.getAttribute(name) ?? undefined;
    const fps = text('fps');
    const config = text('config');
    return {
      task: text('task'),
      prompt: text('prompt'),
      sessionId: text('session-id'),
      image: text('image'),
      fps: fps === undefined ? undefined : Number(fps),
      config: config === undefined ? undefined : parseConfig(config),
      relayOnly: this.hasAttribute('relay-only'),
    };
  }

  #tell(type: string, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

function parseConfig(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Said below.
  }
  throw new StreamError('invalid-option', 'The attribute config must be a JSON object.');
}

function isKeySet(word: string): word is KeySet {
  return word === 'arrows' || word === 'wasd' || word === 'ijkl';
}
