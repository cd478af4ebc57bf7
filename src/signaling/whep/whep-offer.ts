import { exceedsJsonDepth, Problem, RequestValidationPipe } from '../../common/index.js';
import { OfferDto } from '../offer.dto.js';

/** What a player without a word about it is taken to want: the task that the examples have. */
const DEFAULT_TASK = 't2v';
const NUMBER = /^\d{1,6}(\.\d{1,6})?$/u;
const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor']);

const validation = new RequestValidationPipe();

/**
 * The offer that a player makes by WHEP: its SDP is the body, its fields are query parameters, `config` among them as JSON. The rules are those of
 * an offer in JSON; anything but `fps` and `config` stays the text that it is.
 * @throws Problem `validation-failed`, whose pointers name parameters.
 */
export async function readWhepOffer(
  sdp: string,
  query: Readonly<Record<string, unknown>>,
  { maxJsonDepth }: { readonly maxJsonDepth: number },
): Promise<OfferDto> {
  if (query['sdp'] !== undefined) refuse('sdp', 'sdp is the body of the request, and no parameter');
  for (const [name, value] of Object.entries(query)) {
    if (typeof value !== 'string') refuse(name, `${name} must be given once`);
  }
  const { fps, config, ...texts } = query;
  const fields = {
    task: DEFAULT_TASK,
    ...texts,
    ...(fps === undefined ? {} : { fps: typeof fps === 'string' && NUMBER.test(fps) ? Number(fps) : fps }),
    ...(config === undefined ? {} : { config: readConfig(config, maxJsonDepth) }),
    sdp,
  };
  return (await validation.transform(fields, { type: 'body', metatype: OfferDto })) as OfferDto;
}

function readConfig(text: unknown, maxJsonDepth: number): unknown {
  let config: unknown;
  try {
    config = JSON.parse(String(text), (key, value: unknown) => {
      if (FORBIDDEN_KEYS.has(key)) throw new SyntaxError(key);
      return value;
    });
  } catch {
    refuse('config', 'config must be a JSON object, without "__proto__" and "constructor" as keys');
  }
  if (exceedsJsonDepth(config, maxJsonDepth)) refuse('config', `config nests deeper than ${maxJsonDepth} levels`);
  return config;
}

function refuse(name: string, detail: string): never {
  const pointer = `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
  throw new Problem('validation-failed', `${detail.slice(0, 256)}.`, { errors: [{ pointer, detail: detail.slice(0, 256) }] });
}
