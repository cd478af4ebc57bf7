import type { StreamSession } from '@telefuser/stream-client';
import { controlKeyOf, type ControlSetName } from '../controls/control-keys.ts';
import type { ControlMessage } from '../controls/key-state.ts';
import type { LogBook } from '../log/log-book.ts';
import { failureOf } from './failure.ts';
import type { Phase, SessionView } from './session-view.ts';
import type { StatsHistory } from './stats-history.ts';

const ALL_SETS: readonly ControlSetName[] = ['arrows', 'wasd', 'ijkl'];

/** Where it is told what a session tells. */
interface SessionListener {
  readonly log: LogBook;
  readonly history: StatsHistory;
  tell(change: Partial<SessionView>): void;
  reflect(control: ControlMessage): void;
  finish(phase: Phase): void;
}

/** Carries what a session tells to its place, until its end or the signal. */
export async function followSession(session: StreamSession, place: SessionListener, signal: AbortSignal): Promise<void> {
  const options = { signal };
  session.on(
    'message',
    // What every message has the same of is left out.
    ({ type, session_id: _id, ...message }) => place.log.write('received', type, JSON.stringify(message)),
    options,
  );
  session.on('stats', (stats) => place.history.add(stats), options);
  session.on('goingaway', ({ deadlineUnixMs }) => place.tell({ goingAwayAtMs: deadlineUnixMs }), options);
  session.on(
    'state',
    (state) => {
      if (state === 'live' || state === 'reconnecting') place.tell({ phase: { name: state } });
    },
    options,
  );
  session.on(
    'shown',
    ({ control: { message }, latencyMs }) => {
      place.tell({ latencyMs });
      const { type, key, action } = message;
      const known = typeof key === 'string' ? controlKeyOf(key, ALL_SETS) : undefined;
      if (type === 'control' && known !== undefined && (action === 'press' || action === 'release'))
        place.reflect({ key: known, action });
    },
    options,
  );
  const { state, reason, error } = await session.ended;
  // After a stop the place is somebody else's.
  if (signal.aborted) return;
  if (state === 'failed') place.finish({ name: 'failed', failure: failureOf(error) });
  else place.finish({ name: 'ended', reason });
}
