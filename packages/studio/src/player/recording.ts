/** What a browser can write, best first: MP4 is what most programs open. */
const FORMATS = [
  { type: 'video/mp4;codecs=avc1.42E01E,opus', extension: 'mp4' },
  { type: 'video/mp4', extension: 'mp4' },
  { type: 'video/webm;codecs=vp9,opus', extension: 'webm' },
  { type: 'video/webm', extension: 'webm' },
] as const;
/** How often the browser hands over what it has recorded. */
const SLICE_MS = 1000;
/** Then the recording ends and is saved: it is kept by the browser until then. */
const MAX_BYTES = 1024 ** 3;

/** A recording of what is received, made in the browser: encoded anew, as it is shown. */
export class Recording {
  readonly #recorder: MediaRecorder;
  readonly #parts: Blob[] = [];
  #bytes = 0;

  /** @param done gets the file, once, whatever ends the recording */
  constructor(stream: MediaStream, done: (content: Blob, extension: string) => void) {
    const format = FORMATS.find(({ type }) => MediaRecorder.isTypeSupported(type));
    this.#recorder = new MediaRecorder(stream, format && { mimeType: format.type });
    this.#recorder.addEventListener('dataavailable', ({ data }) => {
      this.#parts.push(data);
      this.#bytes += data.size;
      if (this.#bytes > MAX_BYTES) this.finish();
    });
    this.#recorder.addEventListener('stop', () => {
      done(new Blob(this.#parts, { type: this.#recorder.mimeType }), format?.extension ?? 'webm');
    });
    this.#recorder.start(SLICE_MS);
  }

  finish(): void {
    if (this.#recorder.state !== 'inactive') this.#recorder.stop();
  }
}
