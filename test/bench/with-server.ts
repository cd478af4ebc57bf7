import { launchChromium } from '../support/chromium.ts';
import { ProbePage } from '../support/probe-page.ts';
import { ServerProcess, type ServerOptions } from '../support/server-process.ts';
import { measureOpening } from './measure-streams.ts';

export const REPLAY = 'pipelines/video-replay';

/** The first session pays for a certificate and cold code; the figures are those of a warm server. */
const WARM_UP_SESSIONS = 3;

/** A server that was warmed up and a page of it in its own browser, for as long as `measure` runs. */
export async function withServer<T>(
  pipeline: string,
  options: ServerOptions,
  measure: (probe: ProbePage, server: ServerProcess) => Promise<T>,
): Promise<T> {
  await using server = await ServerProcess.start(pipeline, options);
  await using chromium = await launchChromium();
  const probe = await ProbePage.open(chromium.context, server.url);
  await measureOpening(probe, WARM_UP_SESSIONS);
  return await measure(probe, server);
}
