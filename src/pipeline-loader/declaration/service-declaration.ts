import type { ServiceAbout } from '../contract/pipeline.js';
import type { ReadyMessage } from '../protocol/messages.js';
import { ConfigCheck } from './config-check.js';
import { ABOUT_MEMBERS, readAbout } from './service-about.js';

/** What a service says of itself and of the configs that it takes, after it was checked. */
export interface ServiceDeclaration {
  readonly about?: ServiceAbout;
  readonly configCheck?: ConfigCheck;
}

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
    ...(configSchema === undefined ? {} : { configCheck: new ConfigCheck(configSchema) }),
  };
}
