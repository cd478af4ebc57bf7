import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProtocolError } from './message-decoder.js';
import { parseHostMessage, parseServerMessage } from './message-parsers.js';

const HOST_TYPES = [
  'hello',
  'progress',
  'ready',
  'start-failed',
  'opened',
  'refused',
  'chunk',
  'chunk-error',
  'end',
  'failed',
  'push-error',
  'closed',
  'log',
  'fatal',
  'stopped',
];
const SERVER_TYPES = ['open', 'pull', 'push', 'media', 'close', 'stop'];

describe.each([
  ['parseHostMessage', parseHostMessage, HOST_TYPES],
  ['parseServerMessage', parseServerMessage, SERVER_TYPES],
] as const)('%s', (_name, parse, types) => {
  it('reads or refuses any fields with ProtocolError', () => {
    const field = fc.constantFrom(
      'run',
      'message',
      'kind',
      'mode',
      'session',
      'level',
      'text',
      'credit',
      'timeoutMs',
      'request',
      'protocol',
      'control',
      'about',
      'configSchema',
      'fraction',
    );
    fc.assert(
      fc.property(fc.constantFrom(...types), fc.dictionary(field, fc.jsonValue({ maxDepth: 1 })), (type, fields) => {
        try {
          expect(parse({ header: { ...fields, type }, headerBytes: 0, parts: [] })?.type).toBe(type);
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
      }),
    );
  });

  it('ignores types of a later version', () => {
    expect(parse({ header: { type: 'telepathy' }, headerBytes: 0, parts: [] })).toBeUndefined();
    expect(parse({ header: {}, headerBytes: 0, parts: [] })).toBeUndefined();
  });
});

describe('parseServerMessage', () => {
  const push = (fields: object): unknown =>
    parseServerMessage({ header: { type: 'push', run: 1, message: 'm', ...fields }, headerBytes: 0, parts: [] });

  it('reads the id of a pushed message, and refuses what is none', () => {
    expect(push({})).toEqual({ type: 'push', run: 1, message: 'm' });
    expect(push({ control: 'a' })).toEqual({ type: 'push', run: 1, message: 'm', control: 'a' });
    for (const control of ['', 'x'.repeat(129), null, {}]) expect(() => push({ control })).toThrow(ProtocolError);
  });
});

describe('parseHostMessage', () => {
  it('cuts text that is too long', () => {
    const message = parseHostMessage({
      header: { type: 'log', level: 'info', text: 'x'.repeat(9000) },
      headerBytes: 0,
      parts: [],
    });
    expect(message).toEqual({ type: 'log', level: 'info', text: `${'x'.repeat(4000)}…` });
  });
});
