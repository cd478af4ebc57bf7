import type { CommandName } from './commands.js';
import { type Given, usage } from './given-arguments.js';

/** What both commands that view a server take. */
interface ViewerInvocation {
  readonly url: string;
  readonly task: string;
  readonly prompt: string | undefined;
  readonly image: string | undefined;
  readonly fps: number | undefined;
  readonly config: Readonly<Record<string, unknown>> | undefined;
  readonly fields: Readonly<Record<string, unknown>>;
  /** Given on the command line; a file, or the environment, may have it instead. */
  readonly token: string | undefined;
  readonly tokenFile: string | undefined;
  readonly relay: boolean;
  readonly timeoutMs: number;
}

export interface WatchInvocation extends ViewerInvocation {
  readonly kind: 'watch';
  readonly record: string | undefined;
  readonly force: boolean;
  readonly stats: boolean;
  readonly messages: boolean;
  readonly seconds: number | undefined;
  readonly controls: readonly unknown[];
}

export interface BenchInvocation extends ViewerInvocation {
  readonly kind: 'bench';
  readonly sessions: number;
  readonly seconds: number;
  readonly rampSeconds: number;
  /** A file's path, `-` for the standard output. */
  readonly json: string | undefined;
  readonly force: boolean;
  readonly controls: readonly Readonly<Record<string, unknown>>[];
}

const MAX_SESSIONS = 500;
const MAX_SECONDS = 86_400;
const MAX_TIMEOUT_SECONDS = 600;
const MAX_CONTROLS = 1000;
const USUAL_SECONDS = 10;
const USUAL_TIMEOUT_SECONDS = 15;
const RAMP_SECONDS_A_SESSION = 0.1;
const MAX_SHOWN_CHARACTERS = 60;
/** They have options of their own. */
const OWN_FIELDS: ReadonlySet<string> = new Set(['sdp', 'type', 'task', 'prompt', 'image', 'fps', 'config']);

/** @throws CommandError (`usage`) */
export function parseWatch(url: string, given: Given): WatchInvocation {
  return {
    kind: 'watch',
    ...parseViewer(url, given, 'watch'),
    record: last(given, 'record'),
    force: given.has('force'),
    stats: given.has('stats'),
    messages: given.has('messages'),
    seconds: numberOf(given, 'seconds', [0.1, MAX_SECONDS], 'watch'),
    controls: controlsOf(given, 'watch'),
  };
}

/** @throws CommandError (`usage`) */
export function parseBench(url: string, given: Given): BenchInvocation {
  const sessions = numberOf(given, 'sessions', [1, MAX_SESSIONS], 'bench') ?? 1;
  if (!Number.isInteger(sessions)) throw usage('--sessions must be a whole number', 'bench');
  const controls = controlsOf(given, 'bench');
  if (!controls.every(isObject)) throw usage('--control must be a JSON object here, since it is given an id', 'bench');
  return {
    kind: 'bench',
    ...parseViewer(url, given, 'bench'),
    sessions,
    seconds: numberOf(given, 'seconds', [0.1, MAX_SECONDS], 'bench') ?? USUAL_SECONDS,
    rampSeconds: numberOf(given, 'ramp', [0, MAX_SECONDS], 'bench') ?? sessions * RAMP_SECONDS_A_SESSION,
    json: last(given, 'json'),
    force: given.has('force'),
    controls,
  };
}

function parseViewer(url: string, given: Given, command: CommandName): ViewerInvocation {
  const [token, tokenFile] = [last(given, 'token'), last(given, 'token-file')];
  if (token !== undefined && tokenFile !== undefined) throw usage('--token and --token-file exclude each other', command);
  const configText = last(given, 'config');
  const config = configText === undefined ? undefined : jsonOf('config', configText, command);
  if (config !== undefined && !isObject(config)) throw usage(`--config must be a JSON object, not ${shown(configText)}`, command);
  return {
    url,
    task: last(given, 'task') ?? 't2v',
    prompt: last(given, 'prompt'),
    image: last(given, 'image'),
    fps: numberOf(given, 'fps', [1, 240], command),
    config,
    fields: fieldsOf(given.all('field'), command),
    token,
    tokenFile,
    relay: given.has('relay'),
    timeoutMs: (numberOf(given, 'timeout', [1, MAX_TIMEOUT_SECONDS], command) ?? USUAL_TIMEOUT_SECONDS) * 1000,
  };
}

/** Of an option that is given several times, the last one counts. */
function last(given: Given, name: string): string | undefined {
  return given.all(name).at(-1);
}

function numberOf(
  given: Given,
  name: string,
  [least, most]: readonly [number, number],
  command: CommandName,
): number | undefined {
  const text = last(given, name);
  if (text === undefined) return undefined;
  const value = /^\d{1,9}(\.\d{1,6})?$/u.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw usage(`--${name} must be a number from ${least} to ${most}, not ${shown(text)}`, command);
}

function controlsOf(given: Given, command: CommandName): unknown[] {
  const texts = given.all('control');
  if (texts.length > MAX_CONTROLS) throw usage(`--control may be given ${MAX_CONTROLS} times`, command);
  return texts.map((text) => jsonOf('control', text, command));
}

function fieldsOf(texts: readonly string[], command: CommandName): Readonly<Record<string, unknown>> {
  const fields = new Map<string, unknown>();
  for (const text of texts) {
    const end = text.indexOf('=');
    const name = text.slice(0, Math.max(0, end));
    if (name === '') throw usage(`--field takes name=value, unlike ${shown(text)}`, command);
    if (OWN_FIELDS.has(name))
      throw usage(
        `--field cannot be ${name}, which ${name === 'sdp' || name === 'type' ? 'is made here' : `--${name} is for`}`,
        command,
      );
    if (fields.has(name)) throw usage(`the field ${shown(name)} is given twice`, command);
    fields.set(name, jsonOrText(text.slice(end + 1)));
  }
  // A map's entries, so that `__proto__` is a name like any other.
  return Object.fromEntries(fields);
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function jsonOf(name: string, text: string, command: CommandName): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw usage(`--${name} must be JSON, not ${shown(text)}`, command);
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function shown(text = ''): string {
  return JSON.stringify(text.length > MAX_SHOWN_CHARACTERS ? `${text.slice(0, MAX_SHOWN_CHARACTERS)}…` : text);
}
