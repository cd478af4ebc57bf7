import type { OptionDescription } from './option-description.js';

/** What `watch` and `bench` ask of a server; each row is an option of both. */
export const REQUEST_OPTIONS = {
  task: { value: 'name', description: 'what the pipeline is asked to do (default t2v)' },
  prompt: { value: 'text', description: 'what to generate' },
  image: { value: 'file', description: 'initial image: JPEG, PNG or WebP, at most 10 MiB' },
  fps: { value: 'number', description: "pictures a second, 1 to 240 (default is the pipeline's)" },
  config: { value: 'json', description: "configuration of the session: a JSON object, by the pipeline's own rules" },
  field: {
    value: 'name=value',
    repeatable: true,
    description:
      'further field of the offer, such as duration_s=30 or loop=true; JSON where it can be read as such; may be repeated',
  },
  control: {
    value: 'json',
    repeatable: true,
    description: 'message for the pipeline, such as {"type":"control","key":"ArrowUp","action":"press"}; may be repeated',
  },
  'token-file': {
    value: 'file',
    description: 'file with an API key, a JSON Web Token or a stream token; STREAM_TOKEN in the environment does as well',
  },
  token: { value: 'text', description: 'the same on the command line, where other users of this machine can see it' },
  relay: { description: 'receive by way of a TURN server only' },
  timeout: {
    value: 'seconds',
    description: 'how long the first picture may take, and silence later on, 1 to 600 (default 15)',
  },
} as const satisfies Readonly<Record<string, OptionDescription>>;

export const WATCH_OPTIONS = {
  record: { value: 'file', description: 'record picture and sound as they come into a .mp4, .mkv or .webm' },
  force: { description: 'replace a recording that is there' },
  stats: { description: 'print a line of figures a second' },
  messages: { description: 'print the messages of the data channel, a line of JSON each' },
  seconds: { value: 'number', description: 'end so long after the first picture (default when the stream ends)' },
} as const satisfies Readonly<Record<string, OptionDescription>>;

export const BENCH_OPTIONS = {
  sessions: { short: 'n', value: 'number', description: 'how many, 1 to 500 (default 1)' },
  seconds: { value: 'number', description: 'how long each plays after its first picture (default 10)' },
  ramp: { value: 'seconds', description: 'over how long the starts are spread (default 0.1 for each session)' },
  json: { value: 'file', description: 'write the figures as JSON, with - to the standard output instead of the table' },
  force: { description: 'replace a file of figures that is there' },
} as const satisfies Readonly<Record<string, OptionDescription>>;
