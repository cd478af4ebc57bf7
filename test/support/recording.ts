/** Looks into a recorded file with FFmpeg's own programs. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
const TIMEOUT_MS = 30_000;
const MAX_OUTPUT_BYTES = 256 * 1024 * 1024;

/** The white square of the test card and of the clip, in pixels of 832×480. */
const FLASH_AREA = { x: 752, y: 32, side: 48 } as const;
const FLASH_LUMA = 128;
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

/** When the square turns white, seconds. */
export async function flashTimes(path: string): Promise<number[]> {
  const { x, y, side } = FLASH_AREA;
  const filter = `crop=${side}:${side}:${x}:${y},scale=1:1:flags=area,format=gray`;
  const [times, lumas] = await Promise.all([
    pictureTimes(path),
    ffmpeg(['-i', path, '-map', '0:v', '-vf', filter, '-fps_mode', 'passthrough', '-f', 'rawvideo', '-']),
  ]);
  const lit = [...lumas].map((luma) => luma > FLASH_LUMA);
  return times.filter((_, index) => index > 0 && lit[index] === true && lit[index - 1] === false);
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
