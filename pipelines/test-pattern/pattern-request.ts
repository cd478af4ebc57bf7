import type { ConfigSchema, ServeRequest } from 'telefuser-stream/pipeline';

/** What is drawn and how it is yielded. `README.md` says what each is for. */
export interface PatternRequest {
  /** Pixels, even. */
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  /** How many frames to play; Infinity until the client leaves. */
  readonly frames: number;
  readonly framesPerChunk: number;
  /** How many times faster than they play frames are made; 0 as fast as the server takes them. */
  readonly speed: number;
  /** What the client asked for; what the operator asked for is the service's. */
  readonly delivery?: 'lossless' | 'latest';
  readonly queueMs?: number;
}

const MAX_DURATION_SECONDS = 86_400;

/** Numbers a request or an option may have. */
const NUMBERS = {
  width: { min: 208, max: 1920, step: 2, rule: 'an even number of pixels from 208 to 1920' },
  height: { min: 120, max: 1080, step: 2, rule: 'an even number of pixels from 120 to 1080' },
  fps: { min: 5, max: 60, step: 0, rule: 'a number from 5 to 60' },
  duration_s: {
    min: 0.001,
    max: MAX_DURATION_SECONDS,
    step: 0,
    rule: `a number of seconds above 0, at most ${MAX_DURATION_SECONDS}`,
  },
  frames_per_chunk: { min: 1, max: 64, step: 1, rule: 'a whole number from 1 to 64' },
  speed: { min: 0, max: 10, step: 0, rule: 'a number from 0 to 10' },
  queue_ms: { min: 0, max: 60_000, step: 0, rule: 'a number of milliseconds from 0 to 60000' },
} as const;
type NumberName = keyof typeof NUMBERS;

const DEFAULTS = { width: 832, height: 480, fps: 24, frames_per_chunk: 1 } as const;

/** The same rules for a form and for the server; null counts as left out. */
export const CONFIG_SCHEMA: ConfigSchema = {
  type: 'object',
  properties: {
    width: { ...schemaOf('width'), title: 'Width', default: DEFAULTS.width },
    height: { ...schemaOf('height'), title: 'Height', default: DEFAULTS.height },
    duration_s: { ...schemaOf('duration_s'), title: 'Seconds', description: 'Left out: until the client leaves.' },
    frames_per_chunk: { ...schemaOf('frames_per_chunk'), title: 'Frames a chunk', default: DEFAULTS.frames_per_chunk },
    speed: { ...schemaOf('speed'), title: 'Speed', description: '1: as fast as it plays; 0: as fast as the server takes it.' },
    delivery: { enum: ['lossless', 'latest', null], title: 'Delivery' },
    queue_ms: { ...schemaOf('queue_ms'), title: 'Queue', description: 'Milliseconds of media.' },
  },
};

/** The operator's values, checked: what a request that says nothing gets. */
export type PatternOptions = Readonly<Partial<Record<NumberName, number>>> & { readonly delivery?: 'lossless' | 'latest' };

/** @throws Error that names the option */
export function readOptions(options: Readonly<Record<string, string>>): PatternOptions {
  const known = [...Object.keys(NUMBERS), 'delivery'];
  const entries = Object.entries(options).map(([name, text]) => {
    if (!known.includes(name)) throw new Error(`there is no option ${name}; there are ${known.join(', ')}`);
    return [name, name === 'delivery' ? readDelivery(text) : readNumber(name as NumberName, Number(text))] as const;
  });
  return Object.fromEntries(entries);
}

/**
 * Reads a request. A field of the offer wins over the same field of its `config`, and that over the operator's option.
 *
 * @throws Error that names the field
 */
export function readRequest(request: ServeRequest, options: PatternOptions): PatternRequest {
  const field = (name: string): unknown => request[name] ?? request.config?.[name] ?? undefined;
  const number = (name: NumberName): number | undefined => {
    const value = field(name);
    return value === undefined ? options[name] : readNumber(name, value);
  };
  const fps = number('fps') ?? DEFAULTS.fps;
  const seconds = number('duration_s') ?? Number.POSITIVE_INFINITY;
  const asked = field('delivery');
  const delivery = asked === undefined ? undefined : readDelivery(asked);
  const queueMs = field('queue_ms') === undefined ? undefined : number('queue_ms');
  return {
    width: number('width') ?? DEFAULTS.width,
    height: number('height') ?? DEFAULTS.height,
    fps,
    frames: Math.max(1, Math.round(seconds * fps)),
    framesPerChunk: number('frames_per_chunk') ?? DEFAULTS.frames_per_chunk,
    // Where nobody makes a generator wait it must wait by itself.
    speed: number('speed') ?? ((delivery ?? options.delivery) === 'latest' ? 1 : 0),
    ...(delivery === undefined ? {} : { delivery }),
    ...(queueMs === undefined ? {} : { queueMs }),
  };
}

function schemaOf(name: NumberName): ConfigSchema {
  const { min, max, step } = NUMBERS[name];
  return { type: [step === 0 ? 'number' : 'integer', 'null'], minimum: min, maximum: max, ...(step > 1 && { multipleOf: step }) };
}

function readNumber(name: NumberName, value: unknown): number {
  const { min, max, step, rule } = NUMBERS[name];
  if (typeof value === 'number' && value >= min && value <= max && (step === 0 || value % step === 0)) return value;
  throw new Error(`${name} must be ${rule}`);
}

function readDelivery(value: unknown): 'lossless' | 'latest' {
  if (value === 'lossless' || value === 'latest') return value;
  throw new Error('delivery must be "lossless" or "latest"');
}
