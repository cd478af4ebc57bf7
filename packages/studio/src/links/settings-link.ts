import { isObject, type JsonObject } from '../request/json.ts';
import { DEFAULT_SETTINGS, LIMITS, type Settings } from '../session/settings.ts';

/** A longer address is cut off or refused somewhere on its way. */
export const MAX_LINK_CHARACTERS = 8000;
/** Sessions side by side that a link may ask for. */
const MAX_SESSIONS = 16;

/**
 * The settings of all sessions as the part of an address behind the `#`, which no server is sent. The first session's are parameters of their
 * own, further ones are each a parameter `also`. Only what differs from the defaults is said. Empty when nothing does.
 */
export function toFragment(sessions: readonly Settings[]): string {
  const [first = DEFAULT_SETTINGS, ...others] = sessions;
  const parameters = toParameters(first);
  for (const other of others) parameters.append('also', toParameters(other).toString());
  return parameters.toString();
}

/** The settings in a fragment, with or without its `#`; what cannot be understood is left at its default. There is always one session. */
export function fromFragment(fragment: string): readonly Settings[] {
  const parameters = new URLSearchParams(fragment.replace(/^#/u, ''));
  const others = parameters.getAll('also').slice(0, MAX_SESSIONS - 1);
  return [parameters, ...others.map((text) => new URLSearchParams(text))].map(fromParameters);
}

function toParameters(settings: Settings): URLSearchParams {
  const parameters = new URLSearchParams();
  const put = (name: string, value: string | number | undefined): void => {
    if (value !== undefined && value !== '') parameters.set(name, String(value));
  };
  put('prompt', settings.prompt);
  put('task', settings.task);
  put('duration', settings.durationSeconds);
  put('fps', settings.fps);
  put('seed', settings.seed);
  if (Object.keys(settings.config).length > 0) parameters.set('config', JSON.stringify(settings.config));
  if (settings.camera) parameters.set('camera', '1');
  if (settings.microphone) parameters.set('microphone', '1');
  if (!settings.iceServers) parameters.set('ice', '0');
  if (settings.relayOnly) parameters.set('relay', '1');
  return parameters;
}

function fromParameters(parameters: URLSearchParams): Settings {
  return {
    prompt: (parameters.get('prompt') ?? '').slice(0, LIMITS.promptCharacters),
    task: (parameters.get('task') ?? '').slice(0, LIMITS.taskCharacters),
    durationSeconds: numberIn(parameters.get('duration'), LIMITS.durationSeconds),
    fps: numberIn(parameters.get('fps'), LIMITS.fps),
    seed: wholeNumber(numberIn(parameters.get('seed'), LIMITS.seed)),
    config: objectIn(parameters.get('config')),
    camera: parameters.get('camera') === '1',
    microphone: parameters.get('microphone') === '1',
    iceServers: parameters.get('ice') !== '0',
    relayOnly: parameters.get('relay') === '1',
  };
}

function numberIn(text: string | null, { min, max }: { readonly min: number; readonly max: number }): number | undefined {
  if (text === null || text.trim() === '') return undefined;
  const value = Number(text);
  return value >= min && value <= max ? value : undefined;
}

const wholeNumber = (value: number | undefined): number | undefined => (Number.isInteger(value) ? value : undefined);

function objectIn(text: string | null): JsonObject {
  if (text === null) return {};
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? (value as JsonObject) : {};
  } catch {
    return {};
  }
}
