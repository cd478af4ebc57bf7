/** The table of sessions: replays and overlays, several side by side. */
import { measureControls, OVERLAY } from './measure-keys.ts';
import { closeAll, measureOpening, measureStreams, openReplays, type OpeningTimes, type StreamLoad } from './measure-streams.ts';
import type { SessionRounds } from './sessions-table.ts';
import { REPLAY, withServer } from './with-server.ts';

export interface SessionsOptions {
  readonly sessions: readonly number[];
  readonly seconds: number;
  readonly presses: number;
  readonly openings: number;
  readonly say: (text: string) => void;
}

export async function measureSessions({ sessions, seconds, presses, openings, say }: SessionsOptions): Promise<SessionRounds> {
  const environment = { TELEFUSER_WEBRTC_MAX_SESSIONS: String(Math.max(...sessions) + 2) };
  const replays = new Map<number, { opening: OpeningTimes; replay: StreamLoad }>();
  await withServer(REPLAY, { environment }, async (probe, server) => {
    for (const count of sessions) {
      say(`${count} × replay …`);
      const handles = await openReplays(probe, count - 1);
      const opening = await measureOpening(probe, openings);
      handles.push(...(await openReplays(probe, 1)));
      replays.set(count, { opening, replay: await measureStreams(probe, server, handles, seconds) });
      await closeAll(probe, handles);
    }
  });
  const rounds: SessionRounds['rounds'][number][] = [];
  await withServer(OVERLAY, { environment }, async (probe, server) => {
    for (const [count, found] of replays) {
      say(`${count} × overlay …`);
      rounds.push({ sessions: count, ...found, controls: await measureControls(probe, server, count, presses) });
    }
  });
  return { seconds, rounds };
}
