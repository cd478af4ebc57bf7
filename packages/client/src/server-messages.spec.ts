import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseServerMessage } from './server-messages.js';

const BASE = { session_id: 'a', timestamp: 1 };

describe('parseServerMessage', () => {
  it.each([
    { type: 'chunk', index: 1, data: { x: 1 }, applied_controls: [1, 'a'], rtp_timestamp: 5 },
    { type: 'chunk', index: null, data: null, error: 'no' },
    { type: 'done', total_chunks: 3 },
    { type: 'error', code: 'push-failed', detail: 'no' },
    { type: 'going_away', deadline: 5 },
    { type: 'closed', reason: 'completed' },
    { type: 'closed', reason: 'a reason of a newer server', more: 1 },
  ])('reads $type', (message) => {
    expect(parseServerMessage(JSON.stringify({ ...BASE, ...message }))).toEqual({ ...BASE, ...message });
  });

  it.each(['', '{', 'null', '[]', '{"type":"toString"}', '{"type":"news"}', '{"type":"done"}', '{"type":"chunk","data":[]}'])(
    'leaves out %s',
    (text) => expect(parseServerMessage(text)).toBeUndefined(),
  );

  it('never throws', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string(), fc.anything()), (text) => {
        expect(() => parseServerMessage(text)).not.toThrow();
      }),
    );
  });
});
