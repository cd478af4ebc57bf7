import { exceedsJsonDepth } from '../../common/index.js';
import type { ServiceAbout } from '../contract/pipeline.js';
import type { ReadyMessage } from '../protocol/messages.js';
import { ConfigCheck } from './config-check.js';
import { ABOUT_MEMBERS, readAbout } from './service-about.js';

/** What a service says of itself and of the configs that it takes, after it was checked. */
export interface ServiceDeclaration {
  readonly about?: ServiceAbout;
  readonly configCheck?: ConfigCheck;
}

/** A process that is started again declares what the one before it did, and to compile a large schema takes a while: so the last one is kept. */
let last: { readonly text: string; readonly check: ConfigCheck } | undefined;
const MAX_JSON_DEPTH = 64;

/**
 * The declaration in a host's `ready`.
 *
 * @param warn hears of what is ignored
 * @throws DeclarationError
 */
export function readDeclaration({ about, configSchema }: ReadyMessage, warn: (message: string) => void): ServiceDeclaration {
  const read = about === undefined ? undefined : readAbout(about);
  if (read !== undefined && read.unknown.length > 0) {
    const names = read.unknown.map((name) => JSON.stringify(name)).join(', ');
    warn(`the service's about has members that are not known and are ignored: ${names}. Known are ${ABOUT_MEMBERS}.`);
  }
  return {
    ...(read === undefined ? {} : { about: read.about }),
    ...(configSchema === undefined ? {} : { configCheck: checkOf(configSchema) }),
  };
}

function checkOf(configSchema: Readonly<Record<string, unknown>>): ConfigCheck {
  // It is refused, and before it could exhaust the stack of whoever writes it as text.
  if (exceedsJsonDepth(configSchema, MAX_JSON_DEPTH)) return new ConfigCheck(configSchema);
  const text = JSON.stringify(configSchema);
  if (last?.text !== text) last = { text, check: new ConfigCheck(configSchema) };
  return last.check;
}
