import { stat } from 'node:fs/promises';
import type { Recorded, Recorder } from './recorder.js';
import { ViewerError } from './viewer.error.js';

/** @returns the line that says what was recorded; undefined: nothing was, and there is no file. Rejects with ViewerError (`file`). */
export async function completeRecording(recorder: Pick<Recorder, 'finish'>, path: string): Promise<string | undefined> {
  let recorded: Recorded;
  try {
    recorded = await recorder.finish();
  } catch (error) {
    throw cannotWrite(path, error);
  }
  return recorded.pictures === 0 ? undefined : `Recorded ${await describeRecording(path, recorded)}`;
}

export function nothingRecorded(path: string): ViewerError {
  return new ViewerError('broken', `nothing was recorded in ${path}: no keyframe came`, 'Record for longer.');
}

export function cannotWrite(path: string, cause: unknown): ViewerError {
  const remedy = 'Free some room there, or name a file elsewhere; what was written until then can be played.';
  const why = cause instanceof Error ? cause.message.replace(/\.$/u, '') : String(cause);
  return new ViewerError('file', `${path} cannot be written (${why})`, remedy, { cause });
}

async function describeRecording(path: string, { pictures, sounds, seconds }: Recorded): Promise<string> {
  const { size } = await stat(path);
  const sound = sounds === 0 ? 'without sound' : 'with sound';
  return `${path}: ${pictures} pictures in ${seconds.toFixed(1)} s, ${sound}, ${(size / 2 ** 20).toFixed(1)} MiB`;
}
