import { StringDecoder } from 'node:string_decoder';
import type { Readable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';

const MAX_LINE_CHARACTERS = 2000;
const MAX_LINES_PER_SECOND = 200;

/**
 * Hands out what a process prints, line by line, without its terminal colours. A long line is cut and a flood is thinned, with a word
 * about it: a pipeline that prints in a loop shall not take the server down.
 */
export function forwardLines(output: Readable, onLine: (line: string) => void): void {
  const splitter = new LineSplitter(onLine);
  output.on('data', (piece: Buffer) => splitter.push(piece));
  output.on('end', () => splitter.end());
  // A broken pipe only means that there is nothing more to read.
  output.on('error', () => undefined);
}

/** The pure part of {@link forwardLines}; `now` gives milliseconds. */
export class LineSplitter {
  readonly #decoder = new StringDecoder('utf8');
  #rest = '';
  #cut = false;
  #secondBeganAt = Number.NEGATIVE_INFINITY;
  #linesThisSecond = 0;
  #leftOut = 0;

  constructor(
    private readonly onLine: (line: string) => void,
    private readonly now: () => number = () => performance.now(),
  ) {}

  push(piece: Buffer): void {
    const lines = this.#decoder.write(piece).split('\n');
    lines.forEach((text, position) => {
      this.#append(text);
      if (position < lines.length - 1) this.#finishLine();
    });
  }

  end(): void {
    this.#append(this.#decoder.end());
    if (this.#rest !== '') this.#finishLine();
    this.#tellLeftOut();
  }

  #append(text: string): void {
    const room = MAX_LINE_CHARACTERS - this.#rest.length;
    if (text.length > room) this.#cut = true;
    this.#rest += text.slice(0, room);
  }

  #finishLine(): void {
    // Every control character but the tab.
    const line = stripVTControlCharacters(this.#rest)
      .replace(/[^\P{Cc}\t]/gu, '')
      .trimEnd();
    const cut = this.#cut;
    this.#rest = '';
    this.#cut = false;
    if (line === '') return;
    const now = this.now();
    if (now - this.#secondBeganAt >= 1000) {
      this.#tellLeftOut();
      this.#secondBeganAt = now;
      this.#linesThisSecond = 0;
    }
    this.#linesThisSecond += 1;
    if (this.#linesThisSecond > MAX_LINES_PER_SECOND) this.#leftOut += 1;
    else this.onLine(cut ? `${line}…` : line);
  }

  #tellLeftOut(): void {
    if (this.#leftOut > 0) this.onLine(`(${this.#leftOut} more lines were printed and left out)`);
    this.#leftOut = 0;
  }
}
