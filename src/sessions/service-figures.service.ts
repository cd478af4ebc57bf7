import { Injectable } from '@nestjs/common';
import { Histogram, Problem, PROBLEM_CODES, toProblem } from '../common/index.js';
import type { StreamMode } from '../pipeline-loader/index.js';
import type { CloseReason } from './close-reason.js';
import { sumLedgers, type FrameLedger } from './frame-ledger.js';
import { LatencyHistogram } from './latency-histogram.js';
import { SessionRegistry } from './session-registry.service.js';
import { StageLatencies } from './stage-latencies.js';
import { sumTraffic, type Traffic } from './traffic.js';

/** How an offer ended: with an answer, or with a problem; `error`: with one that nobody expected. */
export const OFFER_RESULTS = ['answered', ...PROBLEM_CODES, 'error'] as const;
export type OfferResult = (typeof OFFER_RESULTS)[number];

/** Upper bounds of the buckets of a session's length, seconds. */
const DURATION_BOUNDS_SECONDS = [1, 5, 15, 30, 60, 300, 900, 1800, 3600, 14_400];

/** What is left of a session when it has closed. */
export interface FinishedSession {
  readonly mode: StreamMode;
  readonly frames: FrameLedger;
  readonly traffic: Traffic;
  readonly ageMs: number;
}

/** The figures that are kept for each stream mode. */
class ModeFigures {
  opened = 0;
  readonly closed = new Map<CloseReason, number>();
  readonly durationsSeconds = new Histogram(DURATION_BOUNDS_SECONDS);
  /** From the arrival of the offer until the first picture had left. */
  readonly timeToFirstFrame = new LatencyHistogram();
}

/** What all sessions of this process came to, finished ones included. */
@Injectable()
export class ServiceFigures {
  /** Of all sessions together: make a session's own with this as its whole. */
  readonly latencies = new StageLatencies();
  /** From the arrival of an offer until its answer was made; answered offers only. */
  readonly offerDurations = new LatencyHistogram();
  private finishedFrames = sumLedgers([]);
  private finishedTraffic = sumTraffic([]);
  private readonly modes: Readonly<Record<StreamMode, ModeFigures>> = {
    server_push: new ModeFigures(),
    bidirectional: new ModeFigures(),
  };
  private readonly offers = new Map<OfferResult, number>();

  constructor(private readonly registry: SessionRegistry) {}

  /** The figures of the sessions of one mode. */
  of(mode: StreamMode): Readonly<ModeFigures> {
    return this.modes[mode];
  }

  /** Sessions that were ever opened. */
  get sessionsOpened(): number {
    return this.modes.server_push.opened + this.modes.bidirectional.opened;
  }

  /** How many sessions closed for each reason; reasons that never were are absent. */
  get sessionsClosed(): Readonly<Partial<Record<CloseReason, number>>> {
    const closed = new Map(this.modes.server_push.closed);
    for (const [reason, count] of this.modes.bidirectional.closed) increase(closed, reason, count);
    return Object.fromEntries(closed);
  }

  /** How many offers came to each result; results that never were are absent. */
  get offerResults(): Readonly<Partial<Record<OfferResult, number>>> {
    return Object.fromEntries(this.offers);
  }

  /** The account of every picture. */
  get frames(): FrameLedger {
    return sumLedgers([this.finishedFrames, ...this.registry.open().map(({ frames }) => frames)]);
  }

  /** Everything that was sent to clients. */
  get traffic(): Traffic {
    return sumTraffic([this.finishedTraffic, ...this.registry.open().map(({ traffic }) => traffic)]);
  }

  sessionOpened(mode: StreamMode): void {
    this.modes[mode].opened += 1;
  }

  /** @param sinceOfferMs from the arrival of the session's offer until its first picture had left */
  firstFrameSent(mode: StreamMode, sinceOfferMs: number): void {
    this.modes[mode].timeToFirstFrame.record(sinceOfferMs);
  }

  /** To be called in the moment in which the registry forgets the session: its pictures count once. */
  sessionClosed(reason: CloseReason, { mode, frames, traffic, ageMs }: FinishedSession): void {
    increase(this.modes[mode].closed, reason);
    this.modes[mode].durationsSeconds.record(ageMs / 1000);
    this.finishedFrames = sumLedgers([this.finishedFrames, frames]);
    this.finishedTraffic = sumTraffic([this.finishedTraffic, traffic]);
  }

  /** @param durationMs since the arrival of the offer */
  offerAnswered(durationMs: number): void {
    increase(this.offers, 'answered');
    this.offerDurations.record(durationMs);
  }

  offerRefused(error: unknown): void {
    const { code } = toProblem(error);
    increase(this.offers, code === 'internal-error' && !(error instanceof Problem) ? 'error' : code);
  }
}

function increase<Key>(counts: Map<Key, number>, key: Key, by = 1): void {
  counts.set(key, (counts.get(key) ?? 0) + by);
}
