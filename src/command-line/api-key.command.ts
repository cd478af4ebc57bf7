import type { Invocation } from './arguments.js';
import type { ExitReason } from './exit-codes.js';
import type { ProcessPort, Server } from './server.port.js';

type ApiKey = Extract<Invocation, { kind: 'api-key' }>;

/** Makes an API key and prints it, and what is configured of it, in a line each. */
export async function apiKey(
  { tenant, scopes, id, expiresAtMs }: ApiKey,
  { stdout }: ProcessPort,
  server: Pick<Server, 'makeApiKey'>,
): Promise<ExitReason> {
  const { key, record } = await server.makeApiKey({ tenant, scopes, expiresAtMs, ...(id === undefined ? {} : { id }) });
  const { expiresAtMs: until, ...rest } = record;
  const written = { ...rest, ...(until === undefined ? {} : { expires: new Date(until).toISOString() }) };
  stdout.write(`${key}\n${JSON.stringify(written)}\n`);
  return 'ok';
}
