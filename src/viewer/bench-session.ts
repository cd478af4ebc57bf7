import { setTimeout as sleep } from 'node:timers/promises';
import { ControlProbe, type ControlTimes } from './control-probe.js';
import type { IceSettings, StreamServer } from './stream-server.js';
import type { StreamCounts } from './stream-counter.js';
import { ViewerError } from './viewer.error.js';
import { Viewing, type OpeningTimes } from './viewing.js';

/** After the first picture, so that neither the opening nor the rate control's first steps are in the figures of controls. */
const FIRST_CONTROL_MS = 1000;
const CONTROL_INTERVAL_MS = 250;
/** What a control may come later, so that controls fall on any moment of a frame's interval. */
const MAX_CONTROL_JITTER_MS = 42;
const CONTROL_TIMEOUT_MS = 2000;
const POLL_MS = 5;

export interface BenchSessionOptions {
  readonly server: StreamServer;
  readonly ice: IceSettings;
  readonly fields: Readonly<Record<string, unknown>>;
  /** Sent one after the other, over and over. */
  readonly controls: readonly Readonly<Record<string, unknown>>[];
  /** From the first picture. */
  readonly seconds: number;
  readonly timeoutMs: number;
}

/** What one session was like. */
export interface BenchedSession {
  readonly opening: OpeningTimes;
  readonly video: StreamCounts;
  readonly audio: StreamCounts;
  readonly controls: ControlTimes;
  /** Why it failed, in one line; undefined: it played to the end. */
  readonly failure: string | undefined;
}

/** Opens a session, lets it play, sends it controls, and closes it. Rejects only with what the signal was aborted with. */
export async function benchSession(options: BenchSessionOptions, signal: AbortSignal): Promise<BenchedSession> {
  const { server, ice, fields, timeoutMs } = options;
  const probe = new ControlProbe();
  let viewing: Viewing | undefined;
  let failure: string | undefined;
  try {
    viewing = await Viewing.open(
      { server, ice, fields, videoCodecs: ['H264', 'VP8', 'VP9', 'AV1'], assembles: false, silenceMs: timeoutMs },
      {
        messageReceived: (message) => probe.messageReceived(message, performance.now()),
        pictureArrived: (timestamp, nowMs) => probe.frameReceived(timestamp, nowMs),
      },
      signal,
    );
    await viewing.firstPicture(timeoutMs, signal);
    failure = await play(viewing, probe, options, signal);
  } catch (error) {
    if (!(error instanceof ViewerError)) throw error;
    failure = error.message;
  } finally {
    await viewing?.close();
  }
  const { video, audio } = viewing?.counts ?? NOTHING;
  return { opening: viewing?.openingTimes ?? NOT_OPENED, video, audio, controls: probe.times, failure };
}

const NO_COUNTS: StreamCounts = { packets: 0, bytes: 0, lost: 0, frames: 0, firstFrameAtMs: undefined, lastFrameAtMs: undefined };
const NOTHING = { video: NO_COUNTS, audio: NO_COUNTS };
const NOT_OPENED: OpeningTimes = { answerMs: undefined, connectedMs: undefined, firstFrameMs: undefined };

/** @returns why it ended before its time; a stream that is complete did not. */
async function play(
  viewing: Viewing,
  probe: ControlProbe,
  { controls, seconds }: BenchSessionOptions,
  signal: AbortSignal,
): Promise<string | undefined> {
  const over = new AbortController();
  const stop = AbortSignal.any([signal, over.signal]);
  const controlling = controls.length === 0 ? undefined : sendControls(viewing, probe, controls, stop);
  const played = sleep(seconds * 1000, 'played' as const, { signal: stop });
  played.catch(() => undefined);
  try {
    const reason = await Promise.race([played, viewing.ended]);
    over.abort();
    await controlling;
    // The one that is under way is not lost.
    if (reason === 'played') await untilSeen(probe, signal);
    return reason === 'played' || reason === 'completed' ? undefined : viewing.brokenOff('its time', reason).message;
  } finally {
    over.abort();
    await controlling;
  }
}

/** One after the other: the next when the last one was seen, or given up. */
async function sendControls(
  viewing: Viewing,
  probe: ControlProbe,
  controls: BenchSessionOptions['controls'],
  signal: AbortSignal,
): Promise<void> {
  try {
    await sleep(FIRST_CONTROL_MS, undefined, { signal });
    for (let turn = 0; ; turn += 1) {
      const control = controls[turn % controls.length];
      const sentAtMs = performance.now();
      if (control !== undefined) viewing.send(probe.next(control, sentAtMs));
      await untilSeen(probe, signal);
      const pauseMs = CONTROL_INTERVAL_MS + ((turn * 17) % MAX_CONTROL_JITTER_MS);
      await sleep(Math.max(POLL_MS, sentAtMs + pauseMs - performance.now()), undefined, { signal });
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** Until no control is under way, or each was given up. */
async function untilSeen(probe: ControlProbe, signal: AbortSignal): Promise<void> {
  while (probe.isWaiting) {
    await sleep(POLL_MS, undefined, { signal });
    probe.giveUp(performance.now() - CONTROL_TIMEOUT_MS);
  }
}
