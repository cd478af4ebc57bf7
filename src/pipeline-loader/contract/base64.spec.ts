import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBase64 } from './base64.js';

describe('decodeBase64', () => {
  it('decodes what was encoded, padded or not, standard or URL-safe, with line breaks', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.constantFrom('base64', 'base64url'),
        fc.boolean(),
        (bytes, encoding, broken) => {
          const text = Buffer.from(bytes).toString(encoding);
          const decoded = decodeBase64(broken ? text.replace(/.{10}/g, '$&\r\n') : text);
          expect([...decoded!]).toEqual([...bytes]);
        },
      ),
    );
  });

  it.each(['A', 'AAAA=', '=', 'AA==A', 'data:image/jpeg;base64,AAAA', 'AAA*', '\u00e9\u00e9\u00e9\u00e9', 'A \n', 'AA!A'])(
    'refuses %j',
    (text) => {
      expect(decodeBase64(text)).toBeUndefined();
    },
  );
});
