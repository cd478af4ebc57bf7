import { CLOSE_REASONS, OFFER_RESULTS, type ServiceFigures, type SessionStatistics } from '../sessions/index.js';
import { counter, distributionOf, gauge, histogram, type MetricFamily } from './exposition/index.js';

const MODES = ['server_push', 'bidirectional'] as const;
/** Buckets of what a viewer waits for, ms. */
const OFFER_BOUNDS_MS = [5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 30_000];
const FIRST_FRAME_BOUNDS_MS = [50, 100, 150, 200, 300, 500, 800, 1000, 2000, 5000, 10_000, 30_000, 60_000];

/** Sessions by mode and end, offers by result, and how long a viewer waited for the first picture. */
export function sessionMetrics(figures: ServiceFigures, sessions: SessionStatistics, draining: boolean): MetricFamily[] {
  const active = { server_push: sessions.serverPush, bidirectional: sessions.bidirectional };
  const ofModes = MODES.map((mode) => ({ mode, figures: figures.of(mode) }));
  return [
    gauge(
      'telefuser_sessions_active',
      'Sessions that are open',
      MODES.map((mode) => ({ labels: { mode }, value: active[mode] })),
    ),
    gauge('telefuser_sessions_limit', 'Sessions that may be open at once', [{ value: sessions.max }]),
    gauge('telefuser_draining', 'Whether the server drains: 1 from its order to end on', [{ value: Number(draining) }]),
    counter(
      'telefuser_sessions_opened_total',
      'Sessions that were opened',
      ofModes.map(({ mode, figures: { opened } }) => ({ labels: { mode }, value: opened })),
    ),
    counter(
      'telefuser_sessions_closed_total',
      'Sessions that closed, by close reason',
      ofModes.flatMap(({ mode, figures: { closed } }) =>
        CLOSE_REASONS.map((reason) => ({ labels: { mode, reason }, value: closed.get(reason) ?? 0 })),
      ),
    ),
    histogram(
      'telefuser_session_duration_seconds',
      'How long sessions that closed had been open',
      ofModes.map(({ mode, figures: { durationsSeconds } }) => distributionOf(durationsSeconds, { labels: { mode } })),
    ),
    counter(
      'telefuser_offers_total',
      'Offers, by result: answered, the code of a problem, or error for what nobody expected',
      OFFER_RESULTS.map((result) => ({ labels: { result }, value: figures.offerResults[result] ?? 0 })),
    ),
    histogram('telefuser_offer_duration_seconds', 'From the arrival of an offer until its answer was made', [
      distributionOf(figures.offerDurations, { bounds: OFFER_BOUNDS_MS, scale: 0.001 }),
    ]),
    histogram(
      'telefuser_time_to_first_frame_seconds',
      'From the arrival of an offer until the first picture of its session had left',
      ofModes.map(({ mode, figures: { timeToFirstFrame } }) =>
        distributionOf(timeToFirstFrame, { labels: { mode }, bounds: FIRST_FRAME_BOUNDS_MS, scale: 0.001 }),
      ),
    ),
  ];
}
