import type { ConnectOptions, ServerOptions } from './options.js';
import { Session } from './session.js';
import type { StreamSession } from './stream-session.js';

/**
 * Opens a session of a stream server, and resolves when it is live: media can flow, and a bidirectional pipeline can be steered.
 *
 * ```js
 * const session = await connect('http://localhost:8088', { prompt: 'a lighthouse in a storm' });
 * session.attach(document.querySelector('video'));
 * ```
 *
 * @throws StreamError
 */
export function connect(server: string | URL | ServerOptions, options: ConnectOptions = {}): Promise<StreamSession> {
  return Session.connect(server, options);
}
