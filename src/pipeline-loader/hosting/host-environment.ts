import type { Configuration, SecurityLevel } from '../../config/index.js';

/** The server's own variables; they hold its secrets, and none of them is the pipeline's business. */
const SERVER_PREFIX = 'TELEFUSER_';

/**
 * The environment a pipeline's process gets of the server's: all of it at the level `permissive`, without the server's own variables; at the
 * others only what the operator grants.
 */
export function hostEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
  level: SecurityLevel,
  { pipelineEnvironment }: Pick<Configuration, 'pipelineEnvironment'>,
): Record<string, string> {
  const entries = Object.entries(environment).filter((entry): entry is [string, string] => {
    const [name, value] = entry;
    return (
      value !== undefined && !name.startsWith(SERVER_PREFIX) && (level === 'permissive' || pipelineEnvironment.includes(name))
    );
  });
  return Object.fromEntries(entries);
}
