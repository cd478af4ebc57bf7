import type { NetworkPath, ReceivedAudio, ReceivedVideo, SentMedia, StreamStats } from './stream-stats.js';

type Entry = Readonly<Record<string, unknown>>;

/** Of a browser's report (webrtc-stats), the entries that are read. */
interface Entries {
  readonly video: Entry | undefined;
  readonly audio: Entry | undefined;
  readonly camera: Entry | undefined;
  readonly microphone: Entry | undefined;
  readonly pair: Entry | undefined;
  readonly all: ReadonlyMap<string, Entry>;
}

/** What of `StreamStats` comes from the browser's report. */
export type BrowserStats = Pick<StreamStats, 'video' | 'audio' | 'camera' | 'microphone' | 'roundTripMs' | 'path'>;

/**
 * Turns two reports of one connection into what happened between them. Rates are by the entries' own timestamps. Pure.
 * @param before undefined: since the connection began, whose rates are unknown, and 0.
 */
export function readStats(before: RTCStatsReport | undefined, now: RTCStatsReport): BrowserStats {
  const [first, last] = [before === undefined ? undefined : entriesOf(before), entriesOf(now)];
  const change = (kind: 'video' | 'audio' | 'camera' | 'microphone'): Change | undefined => {
    const entry = last[kind];
    if (entry === undefined) return undefined;
    // Another SSRC is another stream, and counts from nothing.
    const earlier = first?.[kind]?.['id'] === entry['id'] ? first?.[kind] : undefined;
    return new Change(earlier, entry, last.all);
  };
  const pair = last.pair;
  const roundTrip = pair === undefined ? undefined : pair['currentRoundTripTime'];
  return {
    video: mapped(change('video'), videoOf),
    audio: mapped(change('audio'), audioOf),
    camera: mapped(change('camera'), sentOf),
    microphone: mapped(change('microphone'), sentOf),
    roundTripMs: typeof roundTrip === 'number' ? roundTrip * 1000 : undefined,
    path: pair === undefined ? undefined : pathOf(pair, last.all),
  };
}

/** One entry, now and before. What an entry lacks counts as 0. */
class Change {
  readonly #before: Entry | undefined;
  readonly #now: Entry;
  readonly #all: ReadonlyMap<string, Entry>;

  constructor(before: Entry | undefined, now: Entry, all: ReadonlyMap<string, Entry>) {
    this.#before = before;
    this.#now = now;
    this.#all = all;
  }

  value(name: string): number {
    return numberOf(this.#now, name);
  }

  of(name: string): number {
    return this.value(name) - (this.#before === undefined ? 0 : numberOf(this.#before, name));
  }

  text(name: string): string | undefined {
    const value = this.#now[name];
    return typeof value === 'string' ? value : undefined;
  }

  perSecond(name: string): number {
    if (this.#before === undefined) return 0;
    return ratio(this.of(name) * 1000, this.of('timestamp'));
  }

  /** Of two sums that grow together, the mean of what was added; seconds as milliseconds. */
  meanMs(seconds: string, count: string): number {
    return ratio(this.of(seconds) * 1000, this.of(count));
  }

  share(part: string, ...others: readonly string[]): number {
    const lost = Math.max(0, this.of(part));
    return ratio(lost, others.reduce((sum, name) => sum + this.of(name), 0) + lost);
  }

  get codec(): string | undefined {
    const mimeType = this.#all.get(this.text('codecId') ?? '')?.['mimeType'];
    return typeof mimeType === 'string' ? mimeType : undefined;
  }
}

function videoOf(change: Change): ReceivedVideo {
  return {
    fps: change.perSecond('framesDecoded'),
    bitrate: change.perSecond('bytesReceived') * 8,
    width: change.value('frameWidth'),
    height: change.value('frameHeight'),
    codec: change.codec,
    decoder: change.text('decoderImplementation'),
    lossFraction: change.share('packetsLost', 'packetsReceived'),
    jitterMs: change.value('jitter') * 1000,
    jitterBufferMs: change.meanMs('jitterBufferDelay', 'jitterBufferEmittedCount'),
    decodeMs: change.meanMs('totalDecodeTime', 'framesDecoded'),
    framesDropped: change.of('framesDropped'),
    freezes: change.of('freezeCount'),
    freezeMs: change.of('totalFreezesDuration') * 1000,
    keyframes: change.of('keyFramesDecoded'),
    retransmittedPackets: change.of('retransmittedPacketsReceived'),
    plis: change.of('pliCount'),
    nacks: change.of('nackCount'),
    totalFrames: change.value('framesDecoded'),
  };
}

function audioOf(change: Change): ReceivedAudio {
  return {
    bitrate: change.perSecond('bytesReceived') * 8,
    codec: change.codec,
    lossFraction: change.share('packetsLost', 'packetsReceived'),
    jitterMs: change.value('jitter') * 1000,
    jitterBufferMs: change.meanMs('jitterBufferDelay', 'jitterBufferEmittedCount'),
    concealedFraction: ratio(change.of('concealedSamples'), change.of('totalSamplesReceived')),
    level: change.value('audioLevel'),
  };
}

function sentOf(change: Change): SentMedia {
  return {
    bitrate: change.perSecond('bytesSent') * 8,
    codec: change.codec,
    fps: change.perSecond('framesEncoded'),
    retransmittedPackets: change.of('retransmittedPacketsSent'),
  };
}

function pathOf(pair: Entry, all: ReadonlyMap<string, Entry>): NetworkPath {
  const candidate = (name: string): Entry => all.get(textOf(pair[name])) ?? {};
  const local = candidate('localCandidateId');
  const relayProtocol = textOf(local['relayProtocol']);
  return {
    local: textOf(local['candidateType']),
    remote: textOf(candidate('remoteCandidateId')['candidateType']),
    protocol: textOf(local['protocol']),
    relayProtocol: relayProtocol === '' ? undefined : relayProtocol,
  };
}

function entriesOf(report: RTCStatsReport): Entries {
  const all = new Map<string, Entry>();
  report.forEach((entry: Entry, id: string) => all.set(id, entry));
  const list = [...all.values()];
  const find = (type: string, kind: string): Entry | undefined =>
    list.find((one) => one['type'] === type && one['kind'] === kind);
  const transport = list.find(({ type }) => type === 'transport');
  // Firefox has no transport entry, and marks the pair.
  const isUsed = (one: Entry): boolean =>
    one['type'] === 'candidate-pair' && (one['selected'] === true || one['nominated'] === true);
  return {
    video: find('inbound-rtp', 'video'),
    audio: find('inbound-rtp', 'audio'),
    camera: find('outbound-rtp', 'video'),
    microphone: find('outbound-rtp', 'audio'),
    pair: all.get(textOf(transport?.['selectedCandidatePairId'])) ?? list.find(isUsed),
    all,
  };
}

function numberOf(entry: Entry, name: string): number {
  const value = entry[name];
  return typeof value === 'number' ? value : 0;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function ratio(part: number, whole: number): number {
  return whole > 0 ? part / whole : 0;
}

function mapped<T, R>(value: T | undefined, map: (value: T) => R): R | undefined {
  return value === undefined ? undefined : map(value);
}
