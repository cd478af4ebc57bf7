/**
 * Measures the built server as its viewers see it, in headless Chromium, and prints a table.
 *
 *     npm run bench -- [--sessions 1,2,4,8] [--seconds 30] [--presses 50] [--openings 10] [--json]
 */
import { cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { launchChromium, type Chromium } from '../support/chromium.ts';
import { ProbePage } from '../support/probe-page.ts';
import { ServerProcess } from '../support/server-process.ts';
import { closeAll, measureControls, measureOpening, measureReference, measureStreams, openReplays } from './measure.ts';
import type { ControlTimes, OpeningTimes, StreamLoad } from './measure.ts';
import { formatTable, targets, type Results } from './report.ts';
import type { CodecReference } from './codec-reference.ts';

const REPLAY = 'pipelines/video-replay';
const OVERLAY = 'pipelines/arrow-overlay';
/** The first session pays for a certificate and cold code; the figures are those of a warm server. */
const WARM_UP_SESSIONS = 3;
/** Code that runs 24 times a second takes this long until V8 has compiled it well. */
const CPU_WARM_UP_MS = 20_000;
const CPU_SETTINGS = { TELEFUSER_WEBRTC_VIDEO_BITRATE: '2000000', TELEFUSER_WEBRTC_START_BITRATE: '2000000' };

interface Plan {
  readonly sessions: readonly number[];
  readonly seconds: number;
  readonly presses: number;
  readonly openings: number;
  readonly json: boolean;
}

function readPlan(): Plan {
  const { values } = parseArgs({
    options: {
      sessions: { type: 'string', default: '1,2,4,8' },
      seconds: { type: 'string', default: '30' },
      presses: { type: 'string', default: '50' },
      openings: { type: 'string', default: '10' },
      json: { type: 'boolean', default: false },
    },
  });
  const whole = (name: string, text: string, most: number): number => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < 1 || value > most)
      throw new Error(`--${name}: a whole number from 1 to ${most}, not "${text}"`);
    return value;
  };
  return {
    sessions: values.sessions.split(',').map((text) => whole('sessions', text, 32)),
    seconds: whole('seconds', values.seconds, 3600),
    presses: whole('presses', values.presses, 1000),
    openings: whole('openings', values.openings, 1000),
    json: values.json,
  };
}

/** A server and a page of it in its own browser, for as long as `measure` runs. */
async function withServer<T>(
  pipeline: string,
  environment: Readonly<Record<string, string>>,
  measure: (probe: ProbePage, server: ServerProcess, chromium: Chromium) => Promise<T>,
): Promise<T> {
  await using server = await ServerProcess.start(pipeline, { environment });
  await using chromium = await launchChromium();
  const probe = await ProbePage.open(chromium.context, server.url);
  await measureOpening(probe, WARM_UP_SESSIONS);
  return await measure(probe, server, chromium);
}

async function run(plan: Plan): Promise<Results> {
  const say = (text: string): void => void process.stderr.write(`${text}\n`);
  const settings = { TELEFUSER_WEBRTC_MAX_SESSIONS: String(Math.max(...plan.sessions) + 2) };
  const replays = new Map<number, { opening: OpeningTimes; replay: StreamLoad }>();
  let chromiumVersion = '';
  await withServer(REPLAY, settings, async (probe, server, chromium) => {
    chromiumVersion = `Chromium ${chromium.context.browser()?.version() ?? (await probe.page.evaluate(() => navigator.userAgent))}`;
    for (const count of plan.sessions) {
      say(`${count} × replay …`);
      const handles = await openReplays(probe, count - 1);
      const opening = await measureOpening(probe, plan.openings);
      handles.push(...(await openReplays(probe, 1)));
      replays.set(count, { opening, replay: await measureStreams(probe, server, handles, plan.seconds) });
      await closeAll(probe, handles);
    }
  });
  const overlays = new Map<number, ControlTimes>();
  await withServer(OVERLAY, settings, async (probe, server) => {
    for (const count of plan.sessions) {
      say(`${count} × overlay …`);
      overlays.set(count, await measureControls(probe, server, count, plan.presses));
    }
  });
  // The machine's speed drifts with its load and heat, so the reference is taken on both sides of what it is compared with.
  say('CPU of one session at 2 Mbps, and of FFmpeg alone before and after …');
  const before = await measureReference();
  const session = await withServer(REPLAY, CPU_SETTINGS, async (probe, server) => {
    const handles = await openReplays(probe, 1);
    await sleep(CPU_WARM_UP_MS);
    return measureStreams(probe, server, handles, plan.seconds);
  });
  const reference = meanReference(before, await measureReference());
  return {
    seconds: plan.seconds,
    machine: { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, node: process.versions.node, chromium: chromiumVersion },
    rounds: plan.sessions.flatMap((sessions) => {
      const [replay, controls] = [replays.get(sessions), overlays.get(sessions)];
      return replay === undefined || controls === undefined ? [] : [{ sessions, ...replay, controls }];
    }),
    cpu: { reference, session },
  };
}

function meanReference(before: CodecReference, after: CodecReference): CodecReference {
  return {
    backToBackMs: (before.backToBackMs + after.backToBackMs) / 2,
    pacedMs: (before.pacedMs + after.pacedMs) / 2,
    fps: before.fps,
  };
}

const plan = readPlan();
const results = await run(plan);
console.log(plan.json ? JSON.stringify({ ...results, targets: targets(results) }, null, 2) : formatTable(results));
