import { Injectable } from '@nestjs/common';
import { Problem, type ProblemCode } from '../common/index.js';
import type { CloseReason } from './close-reason.js';
import { sumLedgers, type FrameLedger } from './frame-ledger.js';
import { SessionRegistry } from './session-registry.service.js';
import { StageLatencies } from './stage-latencies.js';

/** How an offer ended: with an answer, or with a problem; `error`: with one that nobody expected. */
export type OfferResult = 'answered' | ProblemCode | 'error';

/** What all sessions of this process came to, finished ones included. */
@Injectable()
export class ServiceFigures {
  /** Of all sessions together: make a session's own with this as its whole. */
  readonly latencies = new StageLatencies();
  private finished = sumLedgers([]);
  private readonly closed = new Map<CloseReason, number>();
  private readonly offers = new Map<OfferResult, number>();
  private opened = 0;

  constructor(private readonly registry: SessionRegistry) {}

  /** Sessions that were ever opened. */
  get sessionsOpened(): number {
    return this.opened;
  }

  /** How many sessions closed for each reason; reasons that never were are absent. */
  get sessionsClosed(): Readonly<Partial<Record<CloseReason, number>>> {
    return Object.fromEntries(this.closed);
  }

  /** How many offers came to each result; results that never were are absent. */
  get offerResults(): Readonly<Partial<Record<OfferResult, number>>> {
    return Object.fromEntries(this.offers);
  }

  /** The account of every picture. */
  get frames(): FrameLedger {
    return sumLedgers([this.finished, ...this.registry.ledgers()]);
  }

  sessionOpened(): void {
    this.opened += 1;
  }

  /** To be called in the moment in which the registry forgets the session: its pictures count once. */
  sessionClosed(reason: CloseReason, ledger: FrameLedger): void {
    increase(this.closed, reason);
    this.finished = sumLedgers([this.finished, ledger]);
  }

  offerAnswered(): void {
    increase(this.offers, 'answered');
  }

  offerRefused(error: unknown): void {
    increase(this.offers, error instanceof Problem ? error.code : 'error');
  }
}

function increase<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
