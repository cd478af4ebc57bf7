import type { HttpApi } from './http-api.js';
import type { ServerLink } from './server-link.js';
import { readStats } from './stats-reader.js';
import type { Steering } from './steering.js';
import { StreamError } from './stream-error.js';
import type { ServerStats, StreamStats } from './stream-stats.js';

const SERVER_TIMEOUT_MS = 2000;

/** Takes the figures of a session: the browser's since the last time, and the server's. */
export class SessionStats {
  #before: { readonly link: ServerLink; readonly report: RTCStatsReport; readonly atMs: number } | undefined;
  #refusedBy: ServerLink | undefined;

  readonly #api: HttpApi;
  readonly #steering: Steering;
  readonly #withServer: boolean;

  constructor(api: HttpApi, steering: Steering, withServer: boolean) {
    this.#api = api;
    this.#steering = steering;
    this.#withServer = withServer;
  }

  /** @param isLive whether the server can be asked */
  async take(link: ServerLink, isLive: boolean): Promise<StreamStats> {
    const asked = isLive && this.#withServer && this.#refusedBy !== link ? this.#ask(link) : undefined;
    const [report, server] = await Promise.all([link.connection.getStats(), asked]);
    const before = this.#before?.link === link ? this.#before : undefined;
    const atMs = performance.now();
    this.#before = { link, report, atMs };
    return {
      atUnixMs: Date.now(),
      intervalMs: before === undefined ? 0 : atMs - before.atMs,
      sessionId: decodeURIComponent(link.id),
      ...readStats(before?.report, report),
      controls: this.#steering.takeStats(),
      server,
    };
  }

  async #ask(link: ServerLink): Promise<ServerStats | undefined> {
    const { authorization } = link;
    const path = `v1/stream/sessions/${link.id}/stats`;
    try {
      return await this.#api.read<ServerStats>('GET', path, { authorization, timeoutMs: SERVER_TIMEOUT_MS });
    } catch (error) {
      // Who may not ask, or has nobody to ask, does not go on asking.
      if (error instanceof StreamError && !error.retryable) this.#refusedBy = link;
      return undefined;
    }
  }
}
