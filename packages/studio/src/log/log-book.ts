import { Store } from '../session/store.ts';

/** Lines that are kept; older ones go. */
export const MAX_LINES = 1000;
/** Characters of a message that are kept. */
const MAX_TEXT_CHARACTERS = 4000;
/** A pipeline may send a message with every frame; nobody reads that fast. */
const TELL_INTERVAL_MS = 200;

export type LineKind = 'received' | 'sent' | 'connection' | 'problem';

export interface LogLine {
  readonly number: number;
  readonly atUnixMs: number;
  readonly kind: LineKind;
  /** The message's type, or what happened. */
  readonly title: string;
  readonly text: string;
}

/** The log of one session: what went over the data channel, and what became of the connection. */
export class LogBook {
  readonly lines = new Store<readonly LogLine[]>([]);
  #kept: LogLine[] = [];
  #count = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  write(kind: LineKind, title: string, text: string, atUnixMs = Date.now()): void {
    this.#count += 1;
    const short = text.length > MAX_TEXT_CHARACTERS ? `${text.slice(0, MAX_TEXT_CHARACTERS)}… (${text.length} characters)` : text;
    this.#kept.push({ number: this.#count, atUnixMs, kind, title, text: short });
    // In one go and not with each line.
    if (this.#kept.length > MAX_LINES * 1.25) this.#kept = this.#kept.slice(-MAX_LINES);
    this.#timer ??= setTimeout(() => this.flush(), TELL_INTERVAL_MS);
  }

  /** Tells at once what was written. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.lines.set(this.#kept.slice(-MAX_LINES));
  }

  clear(): void {
    this.#kept = [];
    this.flush();
  }
}

/** Lines that have all of the words, in whatever case. */
export function matching(lines: readonly LogLine[], filter: string, kinds: ReadonlySet<LineKind>): readonly LogLine[] {
  const words = filter.toLowerCase().split(/\s+/u).filter(Boolean);
  return lines.filter(({ kind, title, text }) => {
    if (!kinds.has(kind)) return false;
    const whole = `${title} ${text}`.toLowerCase();
    return words.every((word) => whole.includes(word));
  });
}

/** As it is copied: one line each, with tabs between. */
export function toText(lines: readonly LogLine[]): string {
  return lines
    .map(({ atUnixMs, kind, title, text }) => [new Date(atUnixMs).toISOString(), kind, title, text].join('\t'))
    .join('\n');
}
