import { describe, expect, it } from 'vitest';
import { LineSplitter } from './output-lines.js';

function lines(pieces: readonly (string | Buffer)[], now: () => number = () => 0): string[] {
  const heard: string[] = [];
  const splitter = new LineSplitter((line) => heard.push(line), now);
  for (const piece of pieces) splitter.push(Buffer.from(piece as string));
  splitter.end();
  return heard;
}

describe('LineSplitter', () => {
  it('puts lines together and apart', () => {
    expect(lines(['one\ntw', 'o\r\n\n', 'three'])).toEqual(['one', 'two', 'three']);
  });

  it('does not break a character that arrives in two pieces', () => {
    const bytes = Buffer.from('é\n');
    expect(lines([bytes.subarray(0, 1), bytes.subarray(1)])).toEqual(['é']);
  });

  it('cuts a long line, also one that never ends', () => {
    expect(lines(['x'.repeat(5000), 'x'.repeat(5000), '\nnext\n'])).toEqual([`${'x'.repeat(2000)}…`, 'next']);
  });

  it('takes colours and control characters out', () => {
    expect(lines(['\u001b[31mred\u001b[0m\u0007\n'])).toEqual(['red']);
  });

  it('thins a flood and says how much', () => {
    let now = 0;
    const heard: string[] = [];
    const splitter = new LineSplitter(
      (line) => heard.push(line),
      () => now,
    );
    splitter.push(Buffer.from('again\n'.repeat(1000)));
    expect(heard).toHaveLength(200);
    now = 1500;
    splitter.push(Buffer.from('later\n'));
    expect(heard.slice(200)).toEqual(['(800 more lines were printed and left out)', 'later']);
  });
});
