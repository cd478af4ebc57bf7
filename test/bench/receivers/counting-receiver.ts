import { StreamServer } from '#server/viewer/stream-server.js';
import { Viewing } from '#server/viewer/viewing.js';

const OPEN_TIMEOUT_MS = 15_000;
/** Measurements may hold the server up on purpose. */
const SILENCE_MS = 60_000;

/** What a receiver got, from its start. */
export interface Counts {
  /** Video frames of which the last packet came. */
  readonly frames: number;
  /** When the last packet of the newest came, `performance.now()`. */
  readonly lastFrameAtMs: number;
  readonly videoPackets: number;
  readonly audioPackets: number;
  readonly bytes: number;
}

/** A viewer that decodes nothing: that of `telefuser bench`. It answers as a browser does, counts what comes, and drops it. */
export class CountingReceiver {
  private readonly viewing: Viewing;

  private constructor(viewing: Viewing) {
    this.viewing = viewing;
  }

  static async connect(url: string): Promise<CountingReceiver> {
    const signal = AbortSignal.timeout(2 * OPEN_TIMEOUT_MS);
    const viewing = await Viewing.open(
      {
        server: new StreamServer(url, undefined),
        ice: { iceServers: [], iceTransportPolicy: 'all' },
        fields: { task: 'bench', loop: true },
        videoCodecs: ['H264'],
        assembles: false,
        silenceMs: SILENCE_MS,
      },
      {},
      signal,
    );
    await viewing.firstPicture(OPEN_TIMEOUT_MS, signal);
    return new CountingReceiver(viewing);
  }

  get counts(): Counts {
    const { video, audio } = this.viewing.counts;
    return {
      frames: video.frames,
      lastFrameAtMs: video.lastFrameAtMs ?? Number.NaN,
      videoPackets: video.packets,
      audioPackets: audio.packets,
      bytes: video.bytes + audio.bytes,
    };
  }

  close(): Promise<void> {
    return this.viewing.close();
  }
}
