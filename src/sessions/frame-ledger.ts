import type { DropReason, FrameCounts } from '../media/index.js';

/** Why a picture that a pipeline made was not sent; `no_track`: the client takes no video. */
export const FRAME_DROP_REASONS = [
  'superseded',
  'late',
  'congested',
  'undecodable',
  'failed',
  'no_track',
  'closed',
] as const satisfies readonly (DropReason | 'no_track')[];
export type FrameDropReason = (typeof FRAME_DROP_REASONS)[number];

/** What became of every picture that came from the pipeline: generated = sent + queued + the sum of the dropped, always. */
export interface FrameLedger {
  readonly generated: number;
  readonly sent: number;
  readonly queued: number;
  readonly dropped: Readonly<Record<FrameDropReason, number>>;
}

/** Where the pictures of a session are. */
export interface FramePlaces {
  /** Pictures that came from the host. */
  readonly generated: number;
  /** Of these, pictures that were given to the viewer. */
  readonly routed: number;
  /** Of these, pictures for a client that takes no video. */
  readonly untracked: number;
  /** What became of the others; undefined when there is no track. */
  readonly track: FrameCounts | undefined;
  /** Whether the session is over, so that what waits for the viewer will never reach it. */
  readonly over: boolean;
}

/** The account of one session. */
export function frameLedger({ generated, routed, untracked, track, over }: FramePlaces): FrameLedger {
  const unrouted = generated - routed;
  const none = { superseded: 0, late: 0, congested: 0, undecodable: 0, failed: 0, closed: 0 };
  const dropped = track?.dropped ?? none;
  return {
    generated,
    sent: track?.sent ?? 0,
    queued: (track?.queued ?? 0) + (over ? 0 : unrouted),
    dropped: { ...dropped, no_track: untracked, closed: dropped.closed + (over ? unrouted : 0) },
  };
}

/** The account of several sessions together. */
export function sumLedgers(ledgers: Iterable<FrameLedger>): FrameLedger {
  const sum = { generated: 0, sent: 0, queued: 0 };
  const dropped = Object.fromEntries(FRAME_DROP_REASONS.map((reason) => [reason, 0])) as Record<FrameDropReason, number>;
  for (const ledger of ledgers) {
    sum.generated += ledger.generated;
    sum.sent += ledger.sent;
    sum.queued += ledger.queued;
    for (const reason of FRAME_DROP_REASONS) dropped[reason] += ledger.dropped[reason];
  }
  return { ...sum, dropped };
}

/** For the log; empty when there were no pictures. */
export function ledgerInWords({ generated, sent, queued, dropped }: FrameLedger): string {
  if (generated === 0) return '';
  const drops = FRAME_DROP_REASONS.filter((reason) => dropped[reason] > 0).map((reason) => `, ${dropped[reason]} ${reason}`);
  return `; frames: ${generated} generated, ${sent} sent${queued > 0 ? `, ${queued} queued` : ''}${drops.join('')}`;
}
