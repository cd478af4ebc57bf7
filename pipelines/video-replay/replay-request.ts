import type { ConfigSchema, ServeRequest } from 'telefuser-stream/pipeline';

const MAX_DURATION_SECONDS = 86_400;

/** The same rules for a form and for the server; null counts as left out. */
export const CONFIG_SCHEMA: ConfigSchema = {
  type: 'object',
  properties: {
    duration_s: {
      type: ['number', 'null'],
      exclusiveMinimum: 0,
      maximum: MAX_DURATION_SECONDS,
      title: 'Seconds',
      description: 'Left out: the clip once.',
    },
    loop: { type: ['boolean', 'null'], title: 'Loop', default: false },
    realtime: {
      type: ['boolean', 'null'],
      title: 'Real time',
      description: "At the clip's pace, instead of as fast as the server takes it.",
      default: false,
    },
  },
};

/** What a client may ask of the replay, in the offer itself or in its `config`. */
export interface ReplayRequest {
  readonly prompt: string;
  /** How many frames to play; Infinity until the client leaves. */
  readonly frames: number;
  /** Yield at the clip's pace instead of as fast as the server takes it. */
  readonly realtime: boolean;
}

/**
 * Reads and checks a request. A field of the offer wins over the same field of its `config`.
 *
 * @throws Error that names the field
 */
export function readReplayRequest(request: ServeRequest, fps: number, clipFrames: number): ReplayRequest {
  const field = (name: string): unknown => request[name] ?? request.config?.[name];
  const duration = field('duration_s');
  if (duration !== undefined && duration !== null) {
    if (typeof duration !== 'number' || !(duration > 0 && duration <= MAX_DURATION_SECONDS)) {
      throw new Error(`duration_s must be a number of seconds above 0, at most ${MAX_DURATION_SECONDS}`);
    }
  }
  const loop = readFlag(field('loop'), 'loop');
  const prompt = field('prompt') ?? '';
  if (typeof prompt !== 'string') throw new Error('prompt must be a string');
  const once = typeof duration === 'number' ? Math.max(1, Math.round(duration * fps)) : clipFrames;
  return {
    prompt,
    // A duration is the more exact wish of the two.
    frames: loop && typeof duration !== 'number' ? Number.POSITIVE_INFINITY : once,
    realtime: readFlag(field('realtime'), 'realtime'),
  };
}

function readFlag(value: unknown, name: string): boolean {
  if (value === undefined || value === null) return false;
  if (typeof value !== 'boolean') throw new Error(`${name} must be true or false`);
  return value;
}
