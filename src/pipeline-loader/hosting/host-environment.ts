/** The server's own variables; they hold its secrets, and none of them is the pipeline's business. */
const SERVER_PREFIX = 'TELEFUSER_';

/** The environment a pipeline's process gets: the server's, without the server's own variables. */
export function hostEnvironment(environment: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const entries = Object.entries(environment).filter((entry): entry is [string, string] => {
    return entry[1] !== undefined && !entry[0].startsWith(SERVER_PREFIX);
  });
  return Object.fromEntries(entries);
}
