import type { JsonObject } from '../request/json.ts';

/** What a person has set for one session. Nothing of it is secret; all of it can be in a link, but the initial image. */
export interface Settings {
  readonly prompt: string;
  /** The offer's `task`; empty: the pipeline's first, else `demo`. */
  readonly task: string;
  /** Undefined: left out of the request. */
  readonly durationSeconds: number | undefined;
  readonly fps: number | undefined;
  readonly seed: number | undefined;
  /** What was changed against the defaults of the pipeline's schema. */
  readonly config: JsonObject;
  readonly camera: boolean;
  readonly microphone: boolean;
  /** Whether to use the STUN and TURN servers that the server names. */
  readonly iceServers: boolean;
  /** Whether media may only go through a TURN server. */
  readonly relayOnly: boolean;
}

export const DEFAULT_SETTINGS: Settings = {
  prompt: '',
  task: '',
  durationSeconds: undefined,
  fps: undefined,
  seed: undefined,
  config: {},
  camera: false,
  microphone: false,
  iceServers: true,
  relayOnly: false,
};

export const DEFAULT_TASK = 'demo';
export const LIMITS = {
  promptCharacters: 100_000,
  taskCharacters: 256,
  fps: { min: 1, max: 240 },
  durationSeconds: { min: 1, max: 86_400 },
  seed: { min: 0, max: Number.MAX_SAFE_INTEGER },
} as const;
