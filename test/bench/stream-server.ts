import type { ProcessUsage } from '../support/server-process.ts';

/** Whatever serves the offer API and can be measured: ours, or one it is compared with. */
export interface StreamServer {
  /** With a slash at the end. */
  readonly url: string;
  usage(): Promise<ProcessUsage>;
}
