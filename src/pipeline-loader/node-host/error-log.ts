import { inspect } from 'node:util';
import { errorMessage } from '../contract/error-message.js';
import type { HostLogLevel, HostMessage } from '../protocol/messages.js';

/** A log line about something the pipeline threw, with its stack and its causes. */
export function logOf(what: string, error: unknown, run?: number, level: HostLogLevel = 'error'): HostMessage {
  return { type: 'log', level, text: `${what}: ${inWords(error)}`, ...(run === undefined ? {} : { run }) };
}

function inWords(error: unknown): string {
  try {
    return inspect(error, { depth: 3, maxStringLength: 2000, maxArrayLength: 20 });
  } catch {
    return errorMessage(error);
  }
}
