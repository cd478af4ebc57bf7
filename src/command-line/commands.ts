import type { OptionDescription } from './option-description.js';
import { BENCH_OPTIONS, REQUEST_OPTIONS, WATCH_OPTIONS } from './viewer-options.js';

/** One command: what its help says and what it takes. */
export interface CommandDescription {
  /** Its one argument. */
  readonly argument: string;
  /** For the list of commands. */
  readonly summary: string;
  /** For its own help. */
  readonly description: string;
  readonly options: Readonly<Record<string, OptionDescription>>;
  /** Further lines of its help. */
  readonly notes: readonly string[];
}

const HELP: OptionDescription = { short: 'h', description: 'print this' };
const SECURITY_LEVEL: OptionDescription = {
  value: 'level',
  variable: 'TELEFUSER_SECURITY_LEVEL',
  description: 'strict, standard or permissive (TELEFUSER_SECURITY_LEVEL, default strict)',
};

/** Every command and its options; parsing, suggestions and help are made from it. */
export const COMMANDS = {
  'stream-serve': {
    argument: 'pipeline',
    summary: 'serve a pipeline to browsers over WebRTC',
    description:
      'Serves <pipeline>, a file or a folder that exports getService() (Python: get_service()), over WebRTC, with a page that plays it.',
    options: {
      port: {
        short: 'p',
        value: 'number',
        variable: 'TELEFUSER_PORT',
        description: 'TCP port, 0 for any free one (TELEFUSER_PORT, default 8088)',
      },
      host: {
        value: 'address',
        variable: 'TELEFUSER_HOST',
        description: 'address to listen on (TELEFUSER_HOST, default 0.0.0.0)',
      },
      'security-level': SECURITY_LEVEL,
      'skip-validation': { description: "do not check the pipeline's source before it is loaded" },
      'gpu-num': { short: 'g', value: 'number', description: 'GPUs the pipeline may use, handed to getService() (default 1)' },
      workers: {
        value: 'number',
        variable: 'TELEFUSER_PIPELINE_WORKERS',
        description: 'processes of the pipeline that share its sessions (TELEFUSER_PIPELINE_WORKERS, default 1)',
      },
      asset: {
        value: 'path',
        repeatable: true,
        description:
          'file or folder outside its own that the pipeline may read; may be repeated (adds to TELEFUSER_PIPELINE_ASSETS)',
      },
      option: {
        short: 'o',
        value: 'name=value',
        repeatable: true,
        description: 'value handed to getService(); may be repeated',
      },
      help: HELP,
    },
    notes: [
      'Options win over the environment, and the environment wins over a .env file in the working directory.',
      'docs/configuration.md lists every TELEFUSER_ variable, docs/security.md what each level allows.',
    ],
  },
  validate: {
    argument: 'pipeline',
    summary: 'check the source of a pipeline against a security level, without running it',
    description:
      'Checks the source of <pipeline>, and every file of its folder that it imports, against a security level. Nothing of it is run.',
    options: {
      'security-level': SECURITY_LEVEL,
      json: { description: 'print the report as JSON' },
      help: HELP,
    },
    notes: [
      'Each finding is one line: file:line:column rule message — what to do. docs/security.md says what each level allows.',
    ],
  },
  new: {
    argument: 'folder',
    summary: 'make a new pipeline in a folder',
    description: 'Makes <folder> and writes a pipeline into it that runs as it is, in TypeScript or Python.',
    options: {
      python: { description: 'write it in Python' },
      help: HELP,
    },
    notes: [],
  },
  'api-key': {
    argument: 'tenant',
    summary: 'make an API key for a tenant',
    description:
      'Makes an API key for <tenant> and prints two lines: the key, which is for the client and is shown this once, and its record, which holds only a hash.',
    options: {
      scope: {
        value: 'name',
        repeatable: true,
        description: 'what it may do: stream:create, stream:read, stream:close; may be repeated (default all three)',
      },
      id: { value: 'name', description: '4 to 32 letters and digits that name it in the log (default random)' },
      expires: { value: 'instant', description: 'when it ends, such as 2027-01-31T00:00:00Z (default never)' },
      help: HELP,
    },
    notes: [
      'Add the record to the JSON array in TELEFUSER_API_KEYS, or in the file that TELEFUSER_API_KEYS_FILE names, and set TELEFUSER_AUTH=required.',
      'To rotate a key, add a second one, move the clients to it, and take the first one away.',
    ],
  },
  watch: {
    argument: 'url',
    summary: 'watch a session of a stream server without a browser, and record it',
    description:
      'Opens a session of the stream server at <url>, in either mode, and says how it goes until the stream ends or a signal comes. It decodes nothing.',
    options: { ...WATCH_OPTIONS, ...REQUEST_OPTIONS, help: HELP },
    notes: [
      'Each --control is sent once, when the data channel opens. Whatever ends the session, the recording is completed.',
      'docs/command-line.md has examples.',
    ],
  },
  bench: {
    argument: 'url',
    summary: 'measure a stream server with several sessions at once',
    description:
      'Opens sessions of the stream server at <url> without a browser, and prints how soon they open, what they show and how soon controls are seen.',
    options: { ...BENCH_OPTIONS, ...REQUEST_OPTIONS, help: HELP },
    notes: [
      'The --control messages are objects; they are sent one after the other, over and over, with an id, and followed to the picture that shows each.',
      'docs/command-line.md says what each figure is.',
    ],
  },
} as const satisfies Readonly<Record<string, CommandDescription>>;

export type CommandName = keyof typeof COMMANDS;

/** What the program itself takes, without a command. */
export const PROGRAM_OPTIONS: Readonly<Record<string, OptionDescription>> = {
  help: { short: 'h', description: 'print this, or with a command its options' },
  version: { description: 'print the version' },
};

export function isCommand(name: string): name is CommandName {
  return Object.hasOwn(COMMANDS, name);
}
