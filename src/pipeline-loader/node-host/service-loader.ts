import { fileURLToPath, pathToFileURL } from 'node:url';
import { errorMessage, errorStack } from '../contract/error-message.js';
import type { BidirectionalService, GetService, GetServiceOptions, ServerPushService } from '../contract/pipeline.js';
import { detectStreamMode } from '../contract/stream-mode.js';
import type { ReadyMessage, StartFailureKind } from '../protocol/messages.js';

/** UTF-8 bytes of JSON; both declarations together fit into a message. */
const MAX_DECLARATION_BYTES = 65_536;

/** A started service, as the union the rest of the host switches on. */
export type LoadedService =
  | { readonly mode: 'server_push'; readonly service: ServerPushService }
  | { readonly mode: 'bidirectional'; readonly service: BidirectionalService };

/** The pipeline cannot be served; `kind` says at which step it failed. */
export class LoadError extends Error {
  override readonly name = 'LoadError';

  constructor(
    readonly kind: StartFailureKind,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    // The author needs the place in the pipeline, not the place in this file.
    const { stack } = errorStack(options?.cause);
    if (stack !== undefined) this.stack = stack;
  }
}

/**
 * Imports a pipeline file, makes its service and starts it.
 *
 * @param file absolute path of the module
 * @throws LoadError
 */
export async function loadService(file: string, options: GetServiceOptions): Promise<LoadedService> {
  const module = await step('load-failed', 'the pipeline cannot be loaded', async () => {
    return (await import(pathToFileURL(file).href)) as Record<string, unknown>;
  });
  const getService = findGetService(module);
  const made: unknown = await step('start-failed', 'getService() threw', async () => getService(options));
  const detection = detectStreamMode(made);
  if ('problem' in detection) throw new LoadError('neither-protocol', detection.problem);
  const loaded = { mode: detection.mode, service: made } as LoadedService;
  await step('start-failed', 'start() threw', async () => loaded.service.start?.(options.reportProgress));
  return loaded;
}

/**
 * What the server is told of a started service. Read only now: a service may learn its pace while it starts.
 *
 * @throws LoadError when an attribute is not what the contract allows
 */
export function describeService({ mode, service }: LoadedService): ReadyMessage {
  const { defaultFps, maxSessions, delivery, queueMs, about, configSchema } = service as unknown as Readonly<
    Record<string, unknown>
  >;
  return {
    type: 'ready',
    mode,
    ...attribute('defaultFps', defaultFps, 'a number from 1 to 240', (value) => inRange(value, 1, 240)),
    ...attribute(
      'maxSessions',
      maxSessions,
      'a whole number from 1 to 1000',
      (value) => Number.isInteger(value) && inRange(value, 1, 1000),
    ),
    ...attribute('delivery', delivery, "'lossless' or 'latest'", (value) => value === 'lossless' || value === 'latest'),
    ...attribute('queueMs', queueMs, 'a number from 0 to 60000', (value) => inRange(value, 0, 60_000)),
    ...declaration('about', about),
    ...declaration('configSchema', configSchema),
  };
}

/** An object that the server shows to others, as JSON has it. What is in it is the server's to check, who trusts no host. */
function declaration(name: 'about' | 'configSchema', value: unknown): Record<string, unknown> {
  if (value === undefined || value === null) return {};
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    throw new LoadError('start-failed', `the service's ${name} cannot be written as JSON: ${errorMessage(error)}`, {
      cause: error,
    });
  }
  if (text === undefined || !text.startsWith('{')) throw new LoadError('start-failed', `the service's ${name} must be an object`);
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_DECLARATION_BYTES) {
    throw new LoadError(
      'start-failed',
      `the service's ${name} is ${bytes} bytes long as JSON; ${MAX_DECLARATION_BYTES} are allowed`,
    );
  }
  return { [name]: JSON.parse(text) as unknown };
}

function attribute(name: string, value: unknown, allowed: string, test: (value: unknown) => boolean): Record<string, unknown> {
  if (value === undefined || value === null) return {};
  if (!test(value)) throw new LoadError('start-failed', `the service's ${name} must be ${allowed}`);
  return { [name]: value };
}

function inRange(value: unknown, min: number, max: number): boolean {
  return typeof value === 'number' && value >= min && value <= max;
}

function findGetService(module: Record<string, unknown>): GetService {
  // A CommonJS file's exports arrive as the default export.
  const candidates = [module, module['default']];
  for (const candidate of candidates) {
    if (typeof candidate !== 'object' || candidate === null) continue;
    const { getService } = candidate as { getService?: unknown };
    if (typeof getService === 'function') return getService as GetService;
  }
  const names = Object.keys(module);
  throw new LoadError('no-get-service', `the pipeline exports no getService function, only ${names.join(', ') || 'nothing'}`);
}

async function step<Result>(kind: StartFailureKind, what: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw new LoadError(kind, `${what}: ${errorMessage(error)}${placeOf(error)}`, { cause: error });
  }
}

/** Where in the pipeline an error came from, as ` (file:line:column)`: the first frame of the stack that is neither Node's nor ours. */
function placeOf(error: unknown): string {
  const own = new URL('..', import.meta.url).href;
  for (const [, file = '', position = ''] of (errorStack(error).stack ?? '').matchAll(
    /(file:\/\/[^\s()]+?)(:\d+(?::\d+)?)(?=[\s)]|$)/g,
  )) {
    if (!file.startsWith(own)) return ` (${fileURLToPath(file)}${position})`;
  }
  return '';
}
