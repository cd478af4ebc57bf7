import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { forwardLines, LineSplitter } from './output-lines.js';

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

  it('shows the last state of a progress bar, and one now and then while it grows', () => {
    let now = 0;
    const heard: string[] = [];
    const splitter = new LineSplitter(
      (line) => heard.push(line),
      () => now,
    );
    for (let percent = 0; percent <= 100; percent += 1) {
      splitter.push(Buffer.from(`\r${percent} %`));
      now += 100;
    }
    splitter.push(Buffer.from('\ndone\r\n'));
    expect(heard).toEqual(['0 %', '50 %', '100 %', 'done']);
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
    splitter.push(Buffer.from('é left out\nleft out\nbeg'));
    now = 1500;
    splitter.push(Buffer.from('un\nlater\n'));
    expect(heard.slice(200)).toEqual(['(802 more lines were printed and left out)', 'begun', 'later']);
  });
});

describe('forwardLines', () => {
  it('makes a process wait that prints without end', async () => {
    const output = new PassThrough();
    const heard: string[] = [];
    forwardLines(output, (line) => heard.push(line));
    const printed = Buffer.from(`${'x'.repeat(1023)}\n`.repeat(64));
    let accepted = 0;
    const began = performance.now();
    while (performance.now() - began < 1500) {
      if (output.writableNeedDrain) await Promise.race([once(output, 'drain'), setTimeout(50)]);
      else {
        output.write(printed);
        accepted += printed.length;
      }
    }
    // A second's worth at once, then as much a second; what the stream itself buffers comes on top.
    expect(accepted / 1024 / 1024).toBeGreaterThan(1.5);
    expect(accepted / 1024 / 1024).toBeLessThan(4);
    output.end('the last\n');
    await vi.waitFor(() => expect(heard.at(-1)).toMatch(/the last|left out/), 5000);
  });
});
