import type { OfferFields } from '../session/offer.ts';

/** What a snippet connects to, and how. */
export interface SnippetSettings {
  /** With a slash at its end. */
  readonly baseUrl: string;
  readonly offer: OfferFields;
  readonly isBidirectional: boolean;
  /** Whether the server asks for a credential; the snippet names a place for it, never the credential itself. */
  readonly needsCredential: boolean;
  readonly camera: boolean;
  readonly microphone: boolean;
  readonly relayOnly: boolean;
  readonly iceServers: boolean;
}

/** An image would fill the panel; it is read from a file instead. */
const IMAGE_PLACE = 'data:image/png;base64,…';

/** The offer's fields as they are shown: an image by its beginning only. */
export function shownOffer({ image, ...offer }: OfferFields): OfferFields {
  return image === undefined ? offer : { ...offer, image: IMAGE_PLACE };
}

/** Every line but the first moved to the right. */
export const indent = (text: string, by: number): string => text.replaceAll('\n', `\n${' '.repeat(by)}`);

/** A JavaScript literal as a person would write it: names without quotes where they need none, single quotes. */
export function literal(value: unknown, depth = 0): string {
  if (typeof value === 'string') return quote(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const pad = ' '.repeat(2 * (depth + 1));
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
  const items = Array.isArray(value)
    ? value.map((item) => literal(item, depth + 1))
    : Object.entries(value).map(
        ([name, item]) => `${/^[A-Za-z_$][\w$]*$/u.test(name) ? name : quote(name)}: ${literal(item, depth + 1)}`,
      );
  if (items.length === 0) return `${open}${close}`;
  return `${open}\n${items.map((item) => `${pad}${item},\n`).join('')}${' '.repeat(2 * depth)}${close}`;
}

const quote = (text: string): string => `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;

/** A Python literal. */
export function pythonLiteral(value: unknown, depth = 0): string {
  if (value === null || value === undefined) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value !== 'object') return JSON.stringify(value);
  const pad = ' '.repeat(4 * (depth + 1));
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
  const items = Array.isArray(value)
    ? value.map((item) => pythonLiteral(item, depth + 1))
    : Object.entries(value).map(([name, item]) => `${JSON.stringify(name)}: ${pythonLiteral(item, depth + 1)}`);
  if (items.length === 0) return `${open}${close}`;
  return `${open}\n${items.map((item) => `${pad}${item},\n`).join('')}${' '.repeat(4 * depth)}${close}`;
}
