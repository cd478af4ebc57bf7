import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { ReceivedFrame } from '../media/webrtc/index.js';
import { Recorder, type FrameFile } from './recorder.js';

const NOW_MS = 1_790_000_000_000;

interface Written {
  readonly kind: 'video' | 'audio';
  readonly name: string;
  readonly ticks: number;
}

class FakeFile implements FrameFile {
  readonly written: Written[] = [];
  finished = 0;
  refuses: Error | undefined;

  writeVideo(data: Buffer, ticks: number): void {
    if (this.refuses !== undefined) throw this.refuses;
    this.written.push({ kind: 'video', name: data.toString(), ticks });
  }

  writeAudio(data: Buffer, ticks: number): void {
    this.written.push({ kind: 'audio', name: data.toString(), ticks });
  }

  async finish(): Promise<void> {
    this.finished += 1;
  }
}

const picture = (name: string, rtpTimestamp: number, keyframe = false): ReceivedFrame => ({
  kind: 'video',
  codec: 'H264',
  data: Buffer.from(name),
  keyframe,
  rtpTimestamp,
});
const sound = (name: string, rtpTimestamp: number): ReceivedFrame => ({
  kind: 'audio',
  codec: 'OPUS',
  data: Buffer.from(name),
  keyframe: true,
  rtpTimestamp,
});

function recorder(): { recorder: Recorder; file: FakeFile; opened: string[]; failures: unknown[] } {
  const file = new FakeFile();
  const opened: string[] = [];
  const failures: unknown[] = [];
  const made = new Recorder(
    async (codec, firstFrame) => {
      opened.push(`${codec} ${firstFrame.toString()}`);
      return file;
    },
    (error) => failures.push(error),
  );
  return { recorder: made, file, opened, failures };
}

describe('Recorder', () => {
  it('puts picture and sound on one clock by the sender reports, whatever comes first', async () => {
    const { recorder: made, file, opened } = recorder();
    made.frame(sound('early', 1000 - 960), NOW_MS);
    made.frame(picture('P', 500 - 3750), NOW_MS);
    made.frame(picture('K', 500, true), NOW_MS);
    made.frame(sound('s', 1000), NOW_MS);
    made.report({ kind: 'video', rtpTimestamp: 500 + 90_000, unixMs: NOW_MS + 1000 });
    await setImmediate();
    made.frame(picture('Q', 500 + 7500), NOW_MS);
    // The sound's clock shows 1000 at 12.5 ms after the first keyframe.
    made.report({ kind: 'audio', rtpTimestamp: 1000 + 48_000, unixMs: NOW_MS + 1012.5 });
    made.frame(sound('t', 1960), NOW_MS);
    expect(await made.finish()).toEqual({ pictures: 2, sounds: 2, seconds: 7500 / 90_000 });
    expect(opened).toEqual(['H264 K']);
    expect(file.written).toEqual([
      { kind: 'video', name: 'K', ticks: 0 },
      { kind: 'video', name: 'Q', ticks: 7500 },
      { kind: 'audio', name: 's', ticks: 600 },
      { kind: 'audio', name: 't', ticks: 1560 },
    ]);
    expect(file.finished).toBe(1);
  });

  it('takes the arrival for the clock of a sender that reports none, after three seconds or at the end', async () => {
    const { recorder: made, file } = recorder();
    made.frame(picture('K', 9000, true), NOW_MS);
    made.frame(sound('s', 4800), NOW_MS + 20);
    made.frame(picture('P', 9000 + 270_000), NOW_MS + 3000);
    await setImmediate();
    expect(file.written.map(({ name, ticks }) => [name, ticks])).toEqual([
      ['K', 0],
      ['P', 270_000],
    ]);
    await made.finish();
    expect(file.written.at(-1)).toEqual({ kind: 'audio', name: 's', ticks: 960 });
  });

  it('keeps the timestamps rising when the sender sets its clock back', async () => {
    const { recorder: made, file } = recorder();
    made.report({ kind: 'video', rtpTimestamp: 0, unixMs: NOW_MS });
    made.report({ kind: 'audio', rtpTimestamp: 0, unixMs: NOW_MS });
    made.frame(picture('K', 0, true), NOW_MS);
    made.frame(sound('s', 0), NOW_MS);
    await setImmediate();
    made.report({ kind: 'video', rtpTimestamp: 90_000, unixMs: NOW_MS });
    made.report({ kind: 'audio', rtpTimestamp: 48_000, unixMs: NOW_MS });
    made.frame(picture('P', 45_000), NOW_MS);
    made.frame(sound('t', 24_000), NOW_MS);
    made.frame(picture('Q', 135_000), NOW_MS);
    made.frame(sound('u', 72_000), NOW_MS);
    await made.finish();
    expect(file.written.map(({ name, ticks }) => [name, ticks])).toEqual([
      ['K', 0],
      ['s', 0],
      ['P', 1],
      ['Q', 45_000],
      ['u', 24_000],
    ]);
  });

  it('has nothing to finish when no keyframe came', async () => {
    const { recorder: made, file, opened } = recorder();
    made.report({ kind: 'video', rtpTimestamp: 0, unixMs: NOW_MS });
    made.frame(picture('P', 0), NOW_MS);
    expect(await made.finish()).toEqual({ pictures: 0, sounds: 0, seconds: 0 });
    expect([opened, file.finished]).toEqual([[], 0]);
  });

  it('tells once that the file cannot be written, and takes no more', async () => {
    const { recorder: made, file, failures } = recorder();
    file.refuses = new Error('no space left');
    made.report({ kind: 'video', rtpTimestamp: 0, unixMs: NOW_MS });
    made.frame(picture('K', 0, true), NOW_MS);
    await setImmediate();
    made.frame(picture('P', 3750), NOW_MS);
    expect(failures).toEqual([file.refuses]);
    expect(made.recorded.pictures).toBe(0);
  });

  it('fails at the end when the file cannot be opened even then', async () => {
    const refusal = new Error('no such folder');
    const made = new Recorder(
      () => Promise.reject(refusal),
      () => undefined,
    );
    made.frame(picture('K', 0, true), NOW_MS);
    await expect(made.finish()).rejects.toBe(refusal);
  });

  it('gives up when more than 64 MiB wait for the file', async () => {
    const { recorder: made, failures } = recorder();
    const large: ReceivedFrame = { ...picture('', 0), data: Buffer.alloc(2 ** 24) };
    for (let index = 0; index < 5; index += 1) made.frame(large, NOW_MS);
    expect(failures).toEqual([expect.objectContaining({ message: expect.stringMatching(/too much/) })]);
  });
});
