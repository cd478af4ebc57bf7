/**
 * `npm run bench:world [-- seconds]`: pipelines/world as a viewer in Chromium sees it, with server and pipeline on one core (Linux with `taskset`), Chromium on
 * the others. Exits with 1 when a figure misses its bound.
 */
import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { launchChromium } from '../support/chromium.ts';
import { ProbePage } from '../support/probe-page.ts';
import { ServerProcess } from '../support/server-process.ts';
import { WorldViewer, type WorldMessage } from '../support/world-viewer.ts';
import { measureLoad } from './process-load.ts';
import { percentile } from './statistics.ts';

const WALK_SECONDS = 20;
const PRESSES = 12;
const FPS = 16;
/** Three latent frames, as without a word of the client. */
const CHUNK_MS = (3 * 4 * 1000) / FPS;
const CONTROL_BOUND_MS = CHUNK_MS + 100;
/** Of the pace: a frame more or less at the ends of a measurement is none of the server's. */
const FPS_SLACK = 0.99;

interface Row {
  readonly name: string;
  readonly value: string;
  readonly bound?: string;
  readonly isMet?: boolean;
}

/** Holds a process, its threads and its children to the first core. */
async function pin(pid: number): Promise<void> {
  const children = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim().split(' ').filter(Boolean);
  for (const each of [String(pid), ...children]) execFileSync('taskset', ['-a', '-p', '-c', '0', each], { stdio: 'ignore' });
}

/** From sending keys to the arrival of the first picture of the chunk that was made with them. */
async function timeToPicture(viewer: WorldViewer, controls: readonly string[], from: number): Promise<number> {
  const sentMs = await viewer.hold(...controls);
  const wanted = controls.toSorted().join();
  for (let index = from; ; index += 1) {
    const chunk: WorldMessage = await viewer.chunk(index);
    if (chunk.data?.applied_controls?.join() === wanted) return (await viewer.frameOf(chunk)).arrivalMs - sentMs;
  }
}

const seconds = Number(process.argv[2] ?? WALK_SECONDS);
await using server = await ServerProcess.start('pipelines/world', {
  args: ['--security-level', 'strict'],
  environment: { TELEFUSER_PYTHON: process.env['TELEFUSER_PYTHON'] ?? '/usr/bin/python3' },
});
await pin(server.pid);
await using chromium = await launchChromium();
const probe = await ProbePage.open(chromium.context, server.url);
await using viewer = await WorldViewer.open(probe, {});

// Round and round, past everything there is.
await viewer.hold('w', 'l');
await viewer.chunk(1);
await probe.clear(viewer.handle);
const load = await measureLoad(server, seconds);
const frames = await viewer.frames();
await viewer.hold();
const spanMs = (frames.at(-1)?.arrivalMs ?? 0) - (frames[0]?.arrivalMs ?? 0);
const fps = ((frames.length - 1) * 1000) / spanMs;
const gaps = frames.slice(1).map(({ arrivalMs }, index) => arrivalMs - (frames[index]?.arrivalMs ?? 0));

const fromRestMs: number[] = [];
for (let press = 0; press < PRESSES; press += 1) {
  await viewer.still();
  fromRestMs.push(await timeToPicture(viewer, [press % 2 === 0 ? 'j' : 'l'], await viewer.chunkCount()));
  await viewer.hold();
}
const onTheWayMs: number[] = [];
await viewer.hold('w');
await viewer.chunk(await viewer.chunkCount());
for (let press = 0; press < PRESSES; press += 1) {
  // At any moment of a chunk.
  await sleep(CHUNK_MS + ((press * 271) % CHUNK_MS));
  onTheWayMs.push(await timeToPicture(viewer, [press % 2 === 0 ? 's' : 'w'], await viewer.chunkCount()));
}
await viewer.hold();

const milliseconds = (value: number): string => `${value.toFixed(0)} ms`;
const rows: Row[] = [
  { name: 'frames a second, 832×480', value: fps.toFixed(2), bound: `≥ ${FPS}`, isMet: fps >= FPS * FPS_SLACK },
  { name: 'longest wait for a frame', value: milliseconds(Math.max(...gaps)) },
  { name: 'CPU of the pipeline, of one core', value: `${load.hostCpuPercent.toFixed(1)} %` },
  { name: 'CPU of the server, of the same core', value: `${load.serverCpuPercent.toFixed(1)} %` },
  { name: 'CPU that others used meanwhile', value: `${load.foreignCpuPercent.toFixed(1)} %` },
  ...(
    [
      ['key to changed frame, standing', fromRestMs],
      ['key to changed frame, walking', onTheWayMs],
    ] as const
  ).flatMap(([name, times]) => [
    {
      name: `${name}, p50`,
      value: milliseconds(percentile(times, 0.5)),
      bound: `≤ ${CONTROL_BOUND_MS} ms`,
      isMet: percentile(times, 0.5) <= CONTROL_BOUND_MS,
    },
    { name: `${name}, p95`, value: milliseconds(percentile(times, 0.95)) },
  ]),
];
for (const { name, value, bound = '', isMet } of rows) {
  const mark = isMet === undefined ? ' ' : isMet ? '✓' : '✗';
  process.stdout.write(`${mark} ${name.padEnd(42)}${value.padStart(10)}   ${bound}\n`);
}
process.exitCode = rows.every(({ isMet }) => isMet !== false) ? 0 : 1;
