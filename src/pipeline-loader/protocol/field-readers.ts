import type { Delivery } from '../../common/index.js';
import { ProtocolError } from './message-decoder.js';

/** Whether a JSON value is an object. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @throws ProtocolError unless the field is a finite number in the range */
export function readNumber(header: Readonly<Record<string, unknown>>, field: string, min: number, max: number): number {
  const value = header[field];
  if (typeof value === 'number' && value >= min && value <= max) return value;
  throw new ProtocolError(`${field} is no number from ${min} to ${max}`);
}

/** Text, cut at `maxLength` characters. @throws ProtocolError unless the field is a string */
export function readText(header: Readonly<Record<string, unknown>>, field: string, maxLength: number): string {
  const value = header[field];
  if (typeof value === 'string') return value.length > maxLength ? `${value.slice(0, maxLength)}…` : value;
  throw new ProtocolError(`${field} is no text`);
}

/** @throws ProtocolError unless the field is one of the words */
export function readWord<Word extends string>(
  header: Readonly<Record<string, unknown>>,
  field: string,
  words: readonly Word[],
): Word {
  const value = header[field];
  const word = words.find((candidate) => candidate === value);
  if (word === undefined) throw new ProtocolError(`${field} is none of ${words.join(', ')}`);
  return word;
}

/** @throws ProtocolError unless the field is an object */
export function readRecord(header: Readonly<Record<string, unknown>>, field: string): Readonly<Record<string, unknown>> {
  const value = header[field];
  if (isRecord(value)) return value;
  throw new ProtocolError(`${field} is no object`);
}

/** `delivery` and `queueMs`, those that are there. @throws ProtocolError */
export function readDelivery(header: Readonly<Record<string, unknown>>): Delivery {
  return {
    ...(header['delivery'] === undefined ? {} : { delivery: readWord(header, 'delivery', ['lossless', 'latest'] as const) }),
    ...(header['queueMs'] === undefined ? {} : { queueMs: readNumber(header, 'queueMs', 0, 60_000) }),
  };
}
