import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { waitFor } from '../../support/condition.ts';
import { processUsage, type ProcessUsage } from '../../support/server-process.ts';
import type { StreamServer } from '../stream-server.ts';

const PYTHON = '/usr/bin/python3';
const READY_TIMEOUT_MS = 20_000;

/** A sender that ours is compared with. */
export interface SenderKind {
  readonly name: string;
  readonly script: string;
  /** Debian's packages it needs. */
  readonly packages: readonly string[];
  /** Python that fails where one is missing. */
  readonly check: string;
}

export const SENDERS: readonly SenderKind[] = [
  { name: 'aiortc', script: 'aiortc_sender.py', packages: ['python3-aiortc'], check: 'import aiortc' },
  {
    name: 'GStreamer webrtcbin',
    script: 'gstreamer_sender.py',
    packages: [
      ...['base', 'good', 'bad', 'ugly'].map((set) => `gstreamer1.0-plugins-${set}`),
      ...['gstreamer1.0-nice', 'python3-gi', 'gir1.2-gst-plugins-base-1.0', 'gir1.2-gst-plugins-bad-1.0'],
    ],
    check: [
      'import gi, sys',
      "gi.require_version('Gst', '1.0'); gi.require_version('GstApp', '1.0'); gi.require_version('GstWebRTC', '1.0')",
      'from gi.repository import Gst, GstApp, GstWebRTC',
      'Gst.init(None)',
      "elements = ('webrtcbin', 'nicesrc', 'x264enc', 'jpegdec', 'h264parse', 'rtph264pay', 'opusenc', 'rtpopuspay')",
      'sys.exit(not all(Gst.ElementFactory.find(name) for name in elements))',
    ].join('\n'),
  },
];

/** What is to be installed before a sender can run; undefined when it can. */
export function missingPackages({ check, packages }: SenderKind): string | undefined {
  const { status } = spawnSync(PYTHON, ['-c', check], { stdio: 'ignore', timeout: READY_TIMEOUT_MS });
  return status === 0 ? undefined : packages.join(' ');
}

/** A running sender. Disposing of it ends it. */
export class SenderProcess implements StreamServer, AsyncDisposable {
  private readonly child: ChildProcess;
  private readonly exited: Promise<unknown>;
  private output = '';

  private constructor(child: ChildProcess) {
    this.child = child;
    this.exited = once(child, 'exit');
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => (this.output = (this.output + text).slice(-65_536)));
    }
  }

  /** @param bitrate of the encoder, bits a second; left out: the sender's own way */
  static async start({ script }: SenderKind, clipFolder: string, bitrate?: number): Promise<SenderProcess> {
    const path = fileURLToPath(new URL(script, import.meta.url));
    const args = [path, clipFolder, ...(bitrate === undefined ? [] : ['--bitrate', String(bitrate)])];
    const child = spawn(PYTHON, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const sender = new SenderProcess(child);
    try {
      await waitFor(
        () => `${script} to be ready; it printed ${sender.output}`,
        () => {
          if (child.exitCode !== null) throw new Error(`${script} ended: ${sender.output}`);
          return sender.output.includes('Ready: ');
        },
        READY_TIMEOUT_MS,
      );
      return sender;
    } catch (error) {
      await sender[Symbol.asyncDispose]();
      throw error;
    }
  }

  get url(): string {
    return /^Ready: (\S+) /mu.exec(this.output)?.[1] ?? '';
  }

  /** What it printed, the last 64 KiB. */
  get log(): string {
    return this.output;
  }

  async usage(): Promise<ProcessUsage> {
    const { cpuSeconds, bytes } = await processUsage(this.child.pid ?? -1);
    return { serverCpuSeconds: cpuSeconds, hostCpuSeconds: 0, serverBytes: bytes, hostBytes: 0 };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGKILL');
    await this.exited;
  }
}
