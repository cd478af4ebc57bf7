import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseMessage } from './channel-messages.js';

const LIMITS = { maxMessageBytes: 64, maxJsonDepth: 4 };

describe('parseMessage', () => {
  it.each(['{"type":"stop"}', ' {"type":"stop"} ', '{"reason":"bored","type":"stop"}'])('takes %s for a stop', (message) => {
    expect(parseMessage(message, LIMITS)).toEqual({ kind: 'stop' });
  });

  it.each([
    ['a control', '{"type":"control","key":"ArrowUp","action":"press"}', { type: 'control', key: 'ArrowUp', action: 'press' }],
    ['an object without a type', '{"a":1}', { a: 1 }],
    ['another type of stop', '{"type":["stop"]}', { type: ['stop'] }],
    ['a nested stop', '{"data":{"type":"stop"}}', { data: { type: 'stop' } }],
    ['an array', '[{"type":"stop"}]', [{ type: 'stop' }]],
    ['a text', '"stop"', 'stop'],
    ['a number', '7', 7],
    ['null', 'null', null],
    ['false', 'false', false],
  ])('hands on %s as it is', (_what, message, value) => {
    expect(parseMessage(message, LIMITS)).toEqual({ kind: 'input', value });
  });

  it.each(['a', 'x'.repeat(20), 7, -1, 0])('knows the id %j of a message', (id) => {
    expect(parseMessage(JSON.stringify({ id }), LIMITS)).toEqual({ kind: 'input', value: { id }, control: id });
  });

  it.each(['', 1.5, 2 ** 53, null, true, [1]])('takes %j for no id, and the message all the same', (id) => {
    expect(parseMessage(JSON.stringify({ id }), LIMITS)).toEqual({ kind: 'input', value: { id } });
    const long = { id: 'x'.repeat(129) };
    expect(parseMessage(JSON.stringify(long), { ...LIMITS, maxMessageBytes: 1000 })).toEqual({ kind: 'input', value: long });
  });

  it.each([
    [{ type: 'shown', id: 'a' }, { id: 'a' }],
    [{ id: 7, type: 'shown' }, { id: 7 }],
    [{ type: 'shown', rtp_timestamp: 0 }, { rtpTimestamp: 0 }],
    [{ type: 'shown', rtp_timestamp: 2 ** 32 - 1 }, { rtpTimestamp: 2 ** 32 - 1 }],
  ])('takes %j for a report', (value, report) => {
    expect(parseMessage(JSON.stringify(value), LIMITS)).toEqual({ kind: 'shown', report, value });
  });

  it.each([
    { type: 'shown' },
    { type: 'shown', id: null },
    { type: 'shown', rtp_timestamp: 1.5 },
    { type: 'shown', rtp_timestamp: 2 ** 32 },
    { type: 'shown', rtp_timestamp: 1, what: 'a door' },
  ])('takes %j for a word to the pipeline', (value) => {
    expect(parseMessage(JSON.stringify(value), LIMITS)).toEqual({ kind: 'input', value });
  });

  it('hands bytes on without reading them', () => {
    const bytes = Buffer.from('{"type":"stop"}');
    expect(parseMessage(bytes, LIMITS)).toEqual({ kind: 'input', value: bytes });
  });

  it.each(['', 'stop', '{', "{'type':'stop'}", '\u0000', '{"a":1}{"b":2}', 'undefined', 'NaN'])(
    'refuses %j, which is no JSON',
    (message) => {
      expect(parseMessage(message, LIMITS)).toMatchObject({ kind: 'refused', code: 'malformed-message' });
    },
  );

  it('takes as many bytes as allowed, text and binary alike, and refuses one more', () => {
    expect(parseMessage(`"${'x'.repeat(62)}"`, LIMITS).kind).toBe('input');
    expect(parseMessage(`"${'x'.repeat(63)}"`, LIMITS)).toEqual({
      kind: 'refused',
      code: 'message-too-large',
      detail: 'The message has 65 bytes; at most 64 are taken.',
    });
    expect(parseMessage(`"${'ü'.repeat(32)}"`, LIMITS)).toMatchObject({ code: 'message-too-large' });
    expect(parseMessage(new Uint8Array(64), LIMITS).kind).toBe('input');
    expect(parseMessage(new Uint8Array(65), LIMITS)).toMatchObject({ code: 'message-too-large' });
  });

  it('takes as much depth as allowed and refuses one more', () => {
    expect(parseMessage('[[[[]]]]', LIMITS).kind).toBe('input');
    expect(parseMessage('[[[[[]]]]]', LIMITS)).toMatchObject({ kind: 'refused', code: 'message-too-deep' });
    expect(parseMessage('{"type":"stop","a":[[[[]]]]}', LIMITS)).toMatchObject({ kind: 'refused', code: 'message-too-deep' });
    const depth = 100_000;
    const deep = parseMessage('['.repeat(depth) + ']'.repeat(depth), { maxMessageBytes: 2 ** 20, maxJsonDepth: 32 });
    expect(deep).toMatchObject({ kind: 'refused' });
  });

  it('leaves no mark on any prototype', () => {
    const parsed = parseMessage('{"__proto__":{"type":"stop"}}', LIMITS);
    expect(parsed.kind).toBe('input');
    expect(Object.prototype).not.toHaveProperty('type');
  });

  it('hands on any JSON value, and never throws on any text or bytes', () => {
    const limits = { maxMessageBytes: 2 ** 20, maxJsonDepth: 1000 };
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const parsed = parseMessage(JSON.stringify(value), limits);
        if (parsed.kind === 'input') expect(parsed.value).toEqual(JSON.parse(JSON.stringify(value)));
        else expect(value).toMatchObject({ type: 'stop' });
      }),
    );
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.json(), fc.uint8Array()), (message) => {
        expect(['stop', 'input', 'shown', 'refused']).toContain(parseMessage(message, LIMITS).kind);
      }),
    );
  });
});
