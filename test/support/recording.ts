/** Looks into a recorded file with FFmpeg's own programs. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
const TIMEOUT_MS = 30_000;
const MAX_OUTPUT_BYTES = 256 * 1024 * 1024;

/** The frame counter of the test card: thirteen blocks of 24×24 from (16, 16), in pixels of 832×480. */
const COUNTER = { x: 16, y: 16, side: 24, blocks: 13 } as const;
const WHITE_LUMA = 127;
const SAMPLE_RATE = 48_000;
/** The beep is at −10 dBFS. */
const BEEP_LEVEL = 0.1;
/** Between two beeps it is quiet for longer. */
const QUIET_SECONDS = 0.5;

interface RecordedStream {
  readonly codec_name: string;
  readonly codec_type: string;
  readonly width?: number;
  readonly nb_read_packets: string;
}

export interface RecordingInfo {
  readonly formatName: string;
  readonly seconds: number;
  readonly streams: readonly RecordedStream[];
}

/** What ffprobe says of it. Rejects where that complains of anything. */
export async function probeRecording(path: string): Promise<RecordingInfo> {
  const { stdout, stderr } = await ffprobe(['-show_format', '-show_streams', '-count_packets', '-of', 'json', path]);
  if (stderr !== '') throw new Error(`ffprobe complains: ${stderr}`);
  const { format, streams } = JSON.parse(stdout) as {
    format: { format_name: string; duration: string };
    streams: RecordedStream[];
  };
  return { formatName: format.format_name, seconds: Number(format.duration), streams };
}

/** When each picture is shown, seconds. */
export async function pictureTimes(path: string): Promise<number[]> {
  const { stdout } = await ffprobe(['-select_streams', 'v', '-show_entries', 'frame=pts_time', '-of', 'csv=p=0', path]);
  return stdout
    .split('\n')
    .map(Number.parseFloat)
    .filter((time) => !Number.isNaN(time));
}

export interface CountedPicture {
  /** When it is shown. */
  readonly seconds: number;
  /** The number of the frame, modulo 256. */
  readonly counter: number;
}

/** The pictures whose counter can be read. */
export async function countedPictures(path: string): Promise<CountedPicture[]> {
  const { x, y, side, blocks } = COUNTER;
  const filter = `crop=${side * blocks}:${side - 8}:${x}:${y + 4},scale=${blocks}:1:flags=area,format=gray`;
  const [times, lumas] = await Promise.all([
    pictureTimes(path),
    ffmpeg(['-i', path, '-map', '0:v', '-vf', filter, '-fps_mode', 'passthrough', '-f', 'rawvideo', '-']),
  ]);
  return times.flatMap((seconds, index) => {
    const counter = counterOf(
      [...lumas.subarray(index * blocks, (index + 1) * blocks)].map((luma) => (luma > WHITE_LUMA ? 1 : 0)),
    );
    return counter === undefined ? [] : [{ seconds, counter }];
  });
}

/** White, black, eight bits, odd parity, black, white. */
function counterOf(blocks: readonly number[]): number | undefined {
  const bits = blocks.slice(2, 10);
  const parity = 1 - (bits.reduce((sum, bit) => sum + bit, 0) % 2);
  const framed = blocks[0] === 1 && blocks[1] === 0 && blocks[10] === parity && blocks[11] === 0 && blocks[12] === 1;
  return framed ? bits.reduce((value, bit) => value * 2 + bit, 0) : undefined;
}

/** When a beep begins, seconds. */
export async function beepTimes(path: string): Promise<number[]> {
  const filter = 'aresample=async=1:first_pts=0';
  const bytes = await ffmpeg([
    '-i',
    path,
    '-map',
    '0:a',
    '-af',
    filter,
    '-ac',
    '1',
    '-ar',
    String(SAMPLE_RATE),
    '-f',
    'f32le',
    '-',
  ]);
  const times: number[] = [];
  let lastLoud = -Infinity;
  for (let index = 0; index * 4 + 4 <= bytes.length; index += 1) {
    if (Math.abs(bytes.readFloatLE(index * 4)) < BEEP_LEVEL) continue;
    if (index - lastLoud > QUIET_SECONDS * SAMPLE_RATE) times.push(index / SAMPLE_RATE);
    lastLoud = index;
  }
  return times;
}

async function ffprobe(args: readonly string[]): Promise<{ stdout: string; stderr: string }> {
  return run('ffprobe', ['-v', 'error', ...args], { timeout: TIMEOUT_MS, maxBuffer: MAX_OUTPUT_BYTES });
}

async function ffmpeg(args: readonly string[]): Promise<Buffer> {
  const options = { timeout: TIMEOUT_MS, maxBuffer: MAX_OUTPUT_BYTES, encoding: 'buffer' } as const;
  return (await run('ffmpeg', ['-v', 'error', '-nostdin', ...args], options)).stdout;
}
