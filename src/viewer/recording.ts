import { access } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Container } from '../media/codec/index.js';
import type { OpenFrameFile } from './recorder.js';
import { ViewerError } from './viewer.error.js';

export interface RecordingPath {
  /** Absolute. */
  readonly path: string;
  readonly container: Container;
}

/** FFmpeg is loaded here alone, since who records nothing need not wait for it. */
const loadCodec = (): Promise<typeof import('../media/codec/index.js')> => import('../media/codec/index.js');

/** Whether a recording may go there. Rejects with ViewerError (`file`), before anything is connected. */
export async function checkRecordingPath(given: string, force: boolean): Promise<RecordingPath> {
  const { containerOf, RECORDING_EXTENSIONS } = await loadCodec();
  const container = containerOf(given);
  if (container === undefined) {
    const ends = RECORDING_EXTENSIONS.map((extension) => `.${extension}`).join(', ');
    throw new ViewerError('file', `${given} has no end that names a container`, `Let it end with one of ${ends}.`);
  }
  const path = resolve(given);
  const exists = await access(path).then(
    () => true,
    () => false,
  );
  if (exists && !force)
    throw new ViewerError('file', `${given} is there already`, 'Name another file, or replace it with --force.');
  return { path, container };
}

/** @param hasAudio is asked when the first picture is there. */
export function recordingOpener({ path }: RecordingPath, hasAudio: () => boolean): OpenFrameFile {
  return async (codec, firstFrame) => {
    const { RecordingFile } = await loadCodec();
    return RecordingFile.create(path, { codec, firstFrame, audio: hasAudio() });
  };
}
