import { StringDecoder } from 'node:string_decoder';
import type { Readable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';

const MAX_LINE_CHARACTERS = 2000;
const MAX_LINES_PER_SECOND = 200;
/** Beyond this a process is made to wait at its print, so that reading it never takes more than moments of the event loop. */
const MAX_BYTES_PER_SECOND = 1024 * 1024;
const NEWLINE = 0x0a;
const PROGRESS_INTERVAL_MS = 5000;

/**
 * Hands out what a process prints, line by line, without its terminal colours. A long line is cut and a flood is thinned, with a word
 * about it, and printed slower than it comes: a pipeline that prints in a loop shall not take the server down.
 */
export function forwardLines(output: Readable, onLine: (line: string) => void): void {
  const splitter = new LineSplitter(onLine);
  let pause: NodeJS.Timeout | undefined;
  let allowed = MAX_BYTES_PER_SECOND;
  let allowedAtMs = performance.now();
  output.on('data', (piece: Buffer) => {
    splitter.push(piece);
    const nowMs = performance.now();
    const earned = ((nowMs - allowedAtMs) / 1000) * MAX_BYTES_PER_SECOND;
    allowed = Math.min(MAX_BYTES_PER_SECOND, allowed + earned) - piece.length;
    allowedAtMs = nowMs;
    if (allowed >= 0) return;
    output.pause();
    pause = setTimeout(() => output.resume(), (-allowed * 1000) / MAX_BYTES_PER_SECOND);
  });
  output.on('end', () => splitter.end());
  output.on('close', () => clearTimeout(pause));
  // A broken pipe only means that there is nothing more to read.
  output.on('error', () => undefined);
}

/** Text without terminal colours and control characters, but for the tab and the line break. */
export function plainText(text: string): string {
  return stripVTControlCharacters(text)
    .replace(/[^\P{Cc}\t\n]/gu, '')
    .trimEnd();
}

/** Lines a second that are let through; the rest is counted, and `onLeftOut` hears of it in the next second. `now` gives milliseconds. */
export class LineBudget {
  #secondBeganAt = Number.NEGATIVE_INFINITY;
  #linesThisSecond = 0;
  #leftOut = 0;

  constructor(
    private readonly onLeftOut: (message: string) => void,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Whether this second has had its lines; a new second begins here. */
  get isSpent(): boolean {
    const now = this.now();
    if (now - this.#secondBeganAt >= 1000) {
      this.tellLeftOut();
      this.#secondBeganAt = now;
      this.#linesThisSecond = 0;
    }
    return this.#linesThisSecond >= MAX_LINES_PER_SECOND;
  }

  /** Takes a line from the budget; false when there is none, and the line is counted. */
  take(): boolean {
    if (this.isSpent) {
      this.#leftOut += 1;
      return false;
    }
    this.#linesThisSecond += 1;
    return true;
  }

  leaveOut(lines: number): void {
    this.#leftOut += lines;
  }

  tellLeftOut(): void {
    const leftOut = this.#leftOut;
    this.#leftOut = 0;
    if (leftOut > 0) this.onLeftOut(`(${leftOut} more lines were printed and left out)`);
  }
}

/** The pure part of {@link forwardLines}. */
export class LineSplitter {
  readonly #decoder = new StringDecoder('utf8');
  readonly #budget: LineBudget;
  #rest = '';
  #cut = false;
  #progressAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly onLine: (line: string) => void,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.#budget = new LineBudget(onLine, now);
  }

  push(piece: Buffer): void {
    const kept = this.#budget.isSpent ? this.#skipLines(piece) : piece;
    const lines = this.#decoder.write(kept).split('\n');
    lines.forEach((text, position) => {
      this.#append(text);
      if (position < lines.length - 1) this.#finishLine();
    });
  }

  end(): void {
    this.#append(this.#decoder.end());
    if (this.#rest !== '') this.#finishLine();
    this.#budget.tellLeftOut();
  }

  #append(text: string): void {
    // A progress bar draws over itself, and ends its line when all is done: of it the last state counts, and one now and then.
    const drawn = text.lastIndexOf('\r', text.length - 2);
    if (drawn !== -1) {
      const over = this.#rest + text.slice(0, drawn);
      this.#tellProgress(over.slice(over.lastIndexOf('\r') + 1));
      this.#rest = '';
      this.#cut = false;
      return this.#append(text.slice(drawn + 1));
    }
    const room = MAX_LINE_CHARACTERS - this.#rest.length;
    if (text.length > room) this.#cut = true;
    this.#rest += text.slice(0, room);
  }

  #finishLine(): void {
    const line = plainText(this.#rest);
    const cut = this.#cut;
    this.#rest = '';
    this.#cut = false;
    if (line === '' || !this.#budget.take()) return;
    this.onLine(cut ? `${line}…` : line);
  }

  #tellProgress(state: string): void {
    const now = this.now();
    if (now - this.#progressAt < PROGRESS_INTERVAL_MS) return;
    const line = plainText(state.slice(0, MAX_LINE_CHARACTERS));
    if (line === '') return;
    this.#progressAt = now;
    if (this.#budget.take()) this.onLine(line);
  }

  /** Counts the lines that end in a piece without looking at them, since there may be hundreds of thousands. Returns what follows the last. */
  #skipLines(piece: Buffer): Buffer {
    const last = piece.lastIndexOf(NEWLINE);
    if (last === -1) return piece;
    let lines = 0;
    for (let at = piece.indexOf(NEWLINE); at !== -1; at = piece.indexOf(NEWLINE, at + 1)) lines += 1;
    this.#budget.leaveOut(lines);
    this.#rest = '';
    this.#cut = false;
    this.#decoder.end();
    return piece.subarray(last + 1);
  }
}
