import { Recorder } from './recorder.js';
import { checkRecordingPath, recordingOpener, type RecordingPath } from './recording.js';
import { cannotWrite, completeRecording, nothingRecorded } from './recording-end.js';
import { StreamServer } from './stream-server.js';
import { describeInterval, describeSession, type StreamSnapshot } from './watch-figures.js';
import type { ViewerOutput } from './viewer-output.port.js';
import { ViewerError } from './viewer.error.js';
import { errorOf, Viewing, type EndReason, type ServerMessage } from './viewing.js';
import { iceOf, offerFields, type ViewingRequest } from './viewing-request.js';

const STATS_INTERVAL_MS = 1000;
/** Ways in which a session ends as it should. */
const GOOD_ENDS: ReadonlySet<EndReason> = new Set(['completed', 'ended', 'client_stop']);

export interface WatchOptions extends ViewingRequest {
  /** Where what comes is recorded. */
  readonly record: string | undefined;
  /** Whether a file that is there may be replaced. */
  readonly force: boolean;
  /** A line a second. */
  readonly stats: boolean;
  /** The server's messages, a line each. */
  readonly messages: boolean;
  /** From the first picture; undefined: until the stream ends. */
  readonly seconds: number | undefined;
  /** Sent when the channel opens. */
  readonly controls: readonly unknown[];
}

/**
 * Watches a session until the stream ends, `seconds` are over, or `signal` is aborted, which is a good end too. Whatever ends it, a recording is
 * completed; that there is none is a failure, but after `signal`.
 *
 * @throws ViewerError
 */
export async function watch(options: WatchOptions, output: ViewerOutput, signal: AbortSignal): Promise<void> {
  const path = options.record === undefined ? undefined : await checkRecordingPath(options.record, options.force);
  try {
    await new Watch(options, path, output, signal).run();
  } catch (error) {
    // Ctrl-C before the first picture.
    if (!signal.aborted || error instanceof ViewerError) throw error;
  } finally {
    output.progress('');
  }
}

class Watch {
  private readonly recorder: Recorder | undefined;
  private readonly recordingFailed = Promise.withResolvers<never>();
  private viewing: Viewing | undefined;

  constructor(
    private readonly options: WatchOptions,
    private readonly path: RecordingPath | undefined,
    private readonly output: ViewerOutput,
    private readonly signal: AbortSignal,
  ) {
    this.recordingFailed.promise.catch(() => undefined);
    if (path === undefined) return;
    this.recorder = new Recorder(
      recordingOpener(path, () => this.viewing?.codecs.includes('OPUS') ?? true),
      (error) => this.recordingFailed.reject(cannotWrite(path.path, error)),
    );
  }

  async run(): Promise<void> {
    const { options, output, signal } = this;
    const server = new StreamServer(options.url, options.token);
    const fields = await offerFields(options);
    output.progress(`Connecting to ${server.url} …`);
    const ice = await iceOf(server, options, signal);
    const videoCodecs = this.path?.container.videoCodecs ?? (['H264', 'VP8', 'VP9', 'AV1'] as const);
    const viewing = await Viewing.open(
      { server, ice, fields, videoCodecs, assembles: this.recorder !== undefined, silenceMs: options.timeoutMs },
      {
        messageReceived: (message) => this.show(message),
        frameReceived: (frame) => this.recorder?.frame(frame, performance.timeOrigin + performance.now()),
        clockReported: (report) => this.recorder?.report(report),
      },
      signal,
    );
    this.viewing = viewing;
    void sendControls(viewing, options.controls);
    let isRecorded = true;
    try {
      await this.follow(viewing);
    } finally {
      await viewing.close();
      isRecorded = await this.completeRecording();
    }
    // Whoever ends it on purpose knows how short it was.
    if (!isRecorded && !signal.aborted) throw nothingRecorded(this.path?.path ?? '');
  }

  private async follow(viewing: Viewing): Promise<void> {
    const { options, output, signal } = this;
    const { answerMs = 0, connectedMs = 0 } = viewing.openingTimes;
    const codecs = viewing.codecs.join(' and ');
    output.line(
      `Connected in ${connectedMs.toFixed(0)} ms (answer after ${answerMs.toFixed(0)} ms): session ${viewing.sessionId}, ${codecs}`,
    );
    await Promise.race([viewing.firstPicture(options.timeoutMs, signal), this.recordingFailed.promise]);
    output.line(`First picture after ${viewing.openingTimes.firstFrameMs?.toFixed(0) ?? '–'} ms`);
    const reason = await this.untilOver(viewing);
    output.progress('');
    output.line(`${reason === 'ended' ? 'Ended' : `Ended (${reason})`}: ${describeSession(viewing.counts)}`);
    if (!GOOD_ENDS.has(reason)) throw viewing.brokenOff('its time', reason);
  }

  private async untilOver(viewing: Viewing): Promise<EndReason> {
    const { seconds } = this.options;
    const { promise: over, resolve } = Promise.withResolvers<EndReason>();
    const end = (): void => resolve('ended');
    const timer = seconds === undefined ? undefined : setTimeout(end, seconds * 1000);
    let before = snapshot(viewing);
    const startMs = before.atMs;
    const ticking = setInterval(() => {
      const after = snapshot(viewing);
      this.showInterval(before, after, (after.atMs - startMs) / 1000);
      before = after;
    }, STATS_INTERVAL_MS);
    if (this.signal.aborted) end();
    this.signal.addEventListener('abort', end, { once: true });
    try {
      return await Promise.race([over, viewing.ended, this.recordingFailed.promise]);
    } finally {
      clearTimeout(timer);
      clearInterval(ticking);
      this.signal.removeEventListener('abort', end);
    }
  }

  private showInterval(before: StreamSnapshot, after: StreamSnapshot, seconds: number): void {
    const { stats, seconds: whole } = this.options;
    const text = `${seconds.toFixed(0)} s${whole === undefined ? '' : ` of ${whole} s`}: ${describeInterval(before, after)}`;
    if (stats) this.output.line(text);
    else this.output.progress(this.recorder === undefined ? text : `Recording, ${text}`);
  }

  private show(message: ServerMessage): void {
    const error = errorOf(message);
    if (this.options.messages) this.output.line(JSON.stringify(message));
    else if (error !== undefined) this.output.line(`The server says: ${error}`);
  }

  /** @returns whether there is a recording, where one was asked for. */
  private async completeRecording(): Promise<boolean> {
    if (this.recorder === undefined || this.path === undefined) return true;
    const line = await completeRecording(this.recorder, this.path.path);
    if (line !== undefined) this.output.line(line);
    return line !== undefined;
  }
}

async function sendControls(viewing: Viewing, controls: readonly unknown[]): Promise<void> {
  await viewing.channelOpen;
  for (const control of controls) viewing.send(control);
}

function snapshot(viewing: Viewing): StreamSnapshot {
  return { atMs: performance.now(), ...viewing.counts };
}
