import type { Settings } from './settings.ts';
import type { StudioSession } from './studio-session.ts';
import type { ServiceView } from '../server/service-watch.ts';

/** Everything that is known of a session, to hand to somebody else. It has no credential and no initial image. */
export function exportSession(place: StudioSession, settings: Settings, service: ServiceView): string {
  place.log.flush();
  const { session, phase } = place.view.get();
  const document = {
    exported_at: new Date().toISOString(),
    user_agent: navigator.userAgent,
    server: { version: service.version, metadata: service.pipeline?.metadata },
    settings,
    session: {
      id: session?.id,
      mode: session?.mode,
      phase: phase.name,
      failure: phase.name === 'failed' ? phase.failure.code : undefined,
    },
    stats: place.history.samples.get(),
    log: place.log.lines.get(),
  };
  return JSON.stringify(document, undefined, 2);
}
