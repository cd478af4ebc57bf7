import type { LatencyStage, ServerStats } from '@telefuser/stream-client';

/** The stages from a key to its picture, in their order, in words. */
const STAGES: readonly (readonly [LatencyStage, string])[] = [
  ['control_to_push', 'Control to pipeline'],
  ['push_to_yield', 'Pipeline'],
  ['yield_to_encode', 'Wait for encoder'],
  ['encode', 'Encoding'],
  ['encode_to_send', 'Sending'],
  ['send_to_shown', 'Network and screen'],
];

export interface Stage {
  readonly name: LatencyStage;
  readonly title: string;
  readonly medianMs: number;
  readonly p95Ms: number;
}

/** Stages that were measured. */
export function stagesOf(server: ServerStats | undefined): readonly Stage[] {
  return STAGES.flatMap(([name, title]) => {
    const latency = server?.latency[name];
    if (latency === undefined || latency.p50_ms === null) return [];
    return [{ name, title, medianMs: latency.p50_ms, p95Ms: latency.p95_ms ?? latency.p50_ms }];
  });
}

/** Fates of frames, in words; the first two are good. */
const FATES: Readonly<Record<string, string>> = {
  sent: 'Sent',
  queued: 'Waiting',
  superseded: 'Superseded by newer',
  late: 'Too late',
  congested: 'Network took fewer',
  undecodable: 'No pictures',
  failed: 'Codec failed',
  no_track: 'No video wanted',
  closed: 'Session was over',
};

export interface Fate {
  readonly name: string;
  readonly title: string;
  readonly count: number;
}

/** What became of every frame: those that were sent and wait always, the rest where there are any. */
export function fatesOf(server: ServerStats | undefined): readonly Fate[] {
  if (server === undefined) return [];
  const { sent, queued, dropped } = server.frames;
  const fates = Object.entries({ sent, queued, ...dropped }).map(([name, count]) => ({
    name,
    title: FATES[name] ?? name,
    count,
  }));
  return fates.filter(({ name, count }) => count > 0 || name === 'sent' || name === 'queued');
}
