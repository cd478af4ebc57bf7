import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isDataUrl, readDataUrl } from './data-url.js';
import { ImageError } from './image.error.js';

const MAX_BYTES = 1000;

describe('readDataUrl', () => {
  it('gives the bytes of any base64', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: MAX_BYTES }), (bytes) => {
        const base64 = Buffer.from(bytes).toString('base64');
        expect(readDataUrl(`data:image/png;base64,${base64}`, MAX_BYTES)).toEqual({ bytes: Buffer.from(bytes), base64 });
        // Some clients leave the padding out.
        expect(readDataUrl(`data:;base64,${base64.replace(/=+$/u, '')}`, MAX_BYTES).bytes).toEqual(Buffer.from(bytes));
      }),
    );
  });

  it('is no matter of how the head is written', () => {
    for (const head of ['data:;base64', 'DATA:image/PNG;BASE64', 'data:image/svg+xml;charset=utf-8;name=a.svg;base64']) {
      expect(readDataUrl(`${head},AAAA`, MAX_BYTES).bytes).toHaveLength(3);
    }
  });

  it.each([
    ['data:image/png,AAAA', 'must be a data URL in base64'],
    ['data:image/png;base64', 'must be a data URL in base64'],
    [`data:${'x'.repeat(400)};base64,AAAA`, 'must be a data URL in base64'],
    ['data:image/png;base64,', 'is an empty file'],
    ['data:image/png;base64,AA AA', 'is not valid base64'],
    ['data:image/png;base64,AAA%3D', 'is not valid base64'],
    ['data:image/png;base64,A=AAAAAA', 'is not valid base64'],
    [`data:image/png;base64,${'A'.repeat(1336)}`, 'is a file of 0.01 MiB; 0.01 MiB are allowed'],
  ])('refuses %.60s', (url, message) => {
    expect(() => readDataUrl(url, MAX_BYTES)).toThrow(ImageError);
    expect(() => readDataUrl(url, MAX_BYTES)).toThrow(message);
  });

  it('takes a file of exactly the limit', () => {
    expect(readDataUrl(`data:;base64,${Buffer.alloc(MAX_BYTES).toString('base64')}`, MAX_BYTES).bytes).toHaveLength(MAX_BYTES);
    expect(() => readDataUrl(`data:;base64,${Buffer.alloc(MAX_BYTES + 1).toString('base64')}`, MAX_BYTES)).toThrow(ImageError);
  });
});

describe('isDataUrl', () => {
  it('is true of data URLs only', () => {
    expect(isDataUrl('data:image/png;base64,AAAA')).toBe(true);
    for (const other of ['/models/image.png', 'https://example.com/a.png', '', null, 7, {}]) expect(isDataUrl(other)).toBe(false);
  });
});
