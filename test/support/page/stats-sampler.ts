/** Reads getStats() of a connection again and again. Runs in the page. */

/** What getStats() said at one moment (W3C WebRTC Statistics); counters count from the start of the connection. */
export interface StatsSample {
  /** `performance.now()` of the page. */
  readonly atMs: number;
  /** `currentRoundTripTime` of the chosen candidate pair: from the last STUN check. */
  readonly roundTripMs: number | null;
  readonly frameWidth: number;
  readonly frameHeight: number;
  readonly framesDecoded: number;
  readonly videoPacketsLost: number;
  readonly nackCount: number;
  readonly pliCount: number;
  readonly freezeCount: number;
  readonly totalFreezesMs: number;
  readonly videoJitterBufferMs: number;
  readonly videoJitterBufferEmitted: number;
  /** Samples of sound made up because none had come, and those of them that were made up as silence. */
  readonly concealedSamples: number;
  readonly silentConcealedSamples: number;
  readonly concealmentEvents: number;
  readonly totalSamplesReceived: number;
}

type Entry = Readonly<Record<string, unknown>>;

/** Samples that are kept at most; the oldest go. */
const MAX_SAMPLES = 20_000;

export class StatsSampler {
  readonly samples: StatsSample[] = [];

  constructor(connection: RTCPeerConnection, everyMs: number, signal: AbortSignal) {
    const timer = setInterval(() => void this.sample(connection), everyMs);
    signal.addEventListener('abort', () => clearInterval(timer), { once: true });
  }

  clear(): void {
    this.samples.length = 0;
  }

  private async sample(connection: RTCPeerConnection): Promise<void> {
    const report = await connection.getStats().catch(() => undefined);
    if (report === undefined) return;
    const entries = [...(report as unknown as Map<string, Entry>).values()];
    this.samples.push(sampleOf(entries, performance.now()));
    if (this.samples.length > MAX_SAMPLES) this.samples.shift();
  }
}

function sampleOf(entries: readonly Entry[], atMs: number): StatsSample {
  const inbound = (kind: string): Entry =>
    entries.find((entry) => entry['type'] === 'inbound-rtp' && entry['kind'] === kind) ?? {};
  const [video, audio] = [inbound('video'), inbound('audio')];
  const pair = entries.find((entry) => entry['type'] === 'candidate-pair' && entry['nominated'] === true);
  const roundTrip = pair?.['currentRoundTripTime'];
  const count = (entry: Entry, name: string): number => Number(entry[name] ?? 0);
  return {
    atMs,
    roundTripMs: typeof roundTrip === 'number' ? roundTrip * 1000 : null,
    frameWidth: count(video, 'frameWidth'),
    frameHeight: count(video, 'frameHeight'),
    framesDecoded: count(video, 'framesDecoded'),
    videoPacketsLost: count(video, 'packetsLost'),
    nackCount: count(video, 'nackCount'),
    pliCount: count(video, 'pliCount'),
    freezeCount: count(video, 'freezeCount'),
    totalFreezesMs: count(video, 'totalFreezesDuration') * 1000,
    videoJitterBufferMs: count(video, 'jitterBufferDelay') * 1000,
    videoJitterBufferEmitted: count(video, 'jitterBufferEmittedCount'),
    concealedSamples: count(audio, 'concealedSamples'),
    silentConcealedSamples: count(audio, 'silentConcealedSamples'),
    concealmentEvents: count(audio, 'concealmentEvents'),
    totalSamplesReceived: count(audio, 'totalSamplesReceived'),
  };
}
