/**
 * Measures the built server as its viewers see it, in headless Chromium. `npm run bench -- --help` says what can be measured; the method is in
 * docs/benchmarks.md.
 */
import { formatMeasurement, isMet, valueOf, type Measurement } from './figures.ts';
import { describeMachine } from './machine.ts';
import { measureBursts } from './measure-bursts.ts';
import { COLOUR_CHART, measureColour, type ColourSource } from './measure-colour.ts';
import { measureCpu } from './measure-cpu.ts';
import { measureKeys, OVERLAY } from './measure-keys.ts';
import { measureOverhead, STAMPED, type OverheadMode } from './measure-overhead.ts';
import { measureScale } from './measure-scale.ts';
import { measureSessions } from './measure-sessions.ts';
import { measureSync } from './measure-sync.ts';
import { compareSenders } from './compare/compare-senders.ts';
import { measureNetwork } from './network/measure-network.ts';
import { readPlan, USAGE, type Plan, type Row } from './plan.ts';
import { mergeResults, writeReport } from './report/results-file.ts';
import { formatSessions, sessionMeasurement } from './sessions-table.ts';
import { REPLAY, withServer } from './with-server.ts';

const STREAM_SECONDS = 30;
const OVERHEAD_SECONDS = 20;
const SCALE_SESSIONS = 8;
/** The codecs that a server is asked for; one that it cannot send is said and left out. */
const COLOUR_CODECS = ['H264', 'VP8', 'VP9', 'AV1'];
/** The benchmark's own pipelines read the clip, which is outside their folder. */
const OWN_PIPELINE = { TELEFUSER_SECURITY_LEVEL: 'permissive' };

const say = (text: string): void => void process.stderr.write(`${text}\n`);

/** Does what the plan says, and tells each result as soon as it is there. */
async function* measure(plan: Plan): AsyncGenerator<Measurement, void, undefined> {
  for (const row of plan.rows) yield* measureRow(row, plan);
  for (const profile of plan.networks) {
    yield await withServer(REPLAY, profile.settings ?? {}, (probe) => measureNetwork(probe, profile, { ...plan, say }));
  }
  if (plan.compared.length > 0) yield* await compareSenders(plan.compared, { ...plan, say });
}

async function* measureRow(row: Row, plan: Plan): AsyncGenerator<Measurement, void, undefined> {
  const { runs, seconds = STREAM_SECONDS } = plan;
  say(`${row} …`);
  switch (row) {
    case 'sessions': {
      const rounds = await measureSessions({ ...plan, seconds, say });
      if (!plan.json) console.log([...formatSessions(rounds), ''].join('\n'));
      return yield sessionMeasurement(rounds);
    }
    case 'cpu':
      return yield await measureCpu({ runs, seconds, say });
    case 'overhead':
      for (const mode of ['interactive', 'lossless'] as const)
        yield await overheadOf(mode, runs, plan.seconds ?? OVERHEAD_SECONDS);
      return;
    case 'keys':
      return yield await withServer(OVERLAY, {}, (probe, server) => measureKeys(probe, server, runs, plan.presses));
    case 'bursts':
      return yield await withServer(REPLAY, {}, (probe) => measureBursts(probe, runs, seconds));
    case 'sync':
      return yield await withServer(REPLAY, {}, (probe) => measureSync(probe, plan.minutes));
    case 'scale':
      return yield await measureScale(SCALE_SESSIONS, runs, seconds);
    case 'colour':
      for (const codec of COLOUR_CODECS) yield* coloursOf(codec, runs);
  }
}

function overheadOf(mode: OverheadMode, runs: number, seconds: number): Promise<Measurement> {
  return withServer(STAMPED, { environment: OWN_PIPELINE, args: ['-o', `mode=${mode}`] }, (probe) =>
    measureOverhead(probe, mode, runs, seconds),
  );
}

async function* coloursOf(codec: string, runs: number): AsyncGenerator<Measurement, void, undefined> {
  for (const frames of ['rgb', 'jpeg'] as const) {
    const source: ColourSource = { codec, frames };
    const options = { environment: { ...OWN_PIPELINE, TELEFUSER_WEBRTC_VIDEO_CODEC: codec }, args: ['-o', `frames=${frames}`] };
    try {
      yield await withServer(COLOUR_CHART, options, (probe) => measureColour(probe, source, runs));
    } catch (error) {
      if (codec === 'H264' || codec === 'VP8') throw error;
      return say(`${codec} is not measured: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`);
    }
  }
}

async function main(plan: Plan): Promise<void> {
  const machine = await describeMachine();
  const results: Measurement[] = [];
  try {
    for await (const result of measure(plan)) {
      results.push(result);
      if (!plan.json) console.log([...formatMeasurement(result), ''].join('\n'));
    }
  } finally {
    // What was measured before something failed is not lost.
    if (plan.report) await writeReport(await mergeResults(results, machine));
  }
  const measured = results.map((result) => ({
    ...result,
    figures: result.figures.map((figure) => ({ ...figure, value: valueOf(figure), met: isMet(figure) })),
  }));
  const { cpu, cores, node, chromium, revision, takenAt } = machine;
  if (plan.json) console.log(JSON.stringify({ machine, measurements: measured }, null, 2));
  else console.log(`${cores} cores (${cpu}), Node ${node}, Chromium ${chromium}, revision ${revision}, ${takenAt}`);
}

if (process.argv.includes('--help')) console.log(USAGE);
else await main(readPlan(process.argv.slice(2)));
