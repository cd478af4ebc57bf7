/** What a hostile pipeline is told of the world around it, so that it need not search. */
export interface Facts {
  /** The server's process, which is the parent of the pipeline's. */
  readonly serverPid: number;
  /** The `.env` the server has read, beside the pipeline. */
  readonly envFile: string;
  /** A folder outside the pipeline's, with a file in it. */
  readonly outside: string;
  readonly outsideFile: string;
  /** The pipeline's own folder and module; a symlink in it leads to `outsideFile`. */
  readonly folder: string;
  readonly entry: string;
  readonly link: string;
  /** The built server. */
  readonly serverDist: string;
  /** Somebody listens there, and must not hear of it. */
  readonly tcpPort: number;
  readonly udpPort: number;
  readonly unixSocket: string;
  readonly abstractSocket: string;
}

export type SandboxedLevel = 'strict' | 'standard';

/**
 * What becomes of a misdeed at run time.
 *
 * - `stopped`: it gets this error; its own session and all others go on
 * - `refused`: its chunk is refused with this message; the same
 * - `crashed`: its process is ended, for this cause; the sessions of other workers go on
 * - `stalled`: its session stands still; the other sessions of its process go on
 * - `contained`: it works, and reaches nothing that is not the pipeline's own
 */
export type Fate =
  | { readonly stopped: RegExp }
  | { readonly refused: RegExp }
  | { readonly crashed: RegExp }
  | { readonly stalled: true }
  | { readonly contained: string };

export interface Misdeed {
  readonly name: string;
  /** A module: `export default (facts) => …`, or `def misdeed(facts): …`. What it returns it has got. */
  readonly source: string;
  /** Levels at which the check refuses it; at the others it is stopped at run time only. */
  readonly refusedAt: readonly SandboxedLevel[];
  readonly fate: Fate | Readonly<Record<SandboxedLevel, Fate>>;
}

export function fateAt({ fate }: Misdeed, level: SandboxedLevel): Fate {
  return 'strict' in fate ? fate[level] : fate;
}
