import { describe, expect, it } from 'vitest';

import { problemsOf, testVariables } from './variables.testing.js';

testVariables('management', {
  TELEFUSER_MANAGEMENT_HOST: {
    good: [
      ['127.0.0.1', '127.0.0.1'],
      ['::1', '::1'],
      ['node-7.example', 'node-7.example'],
    ],
    bad: ['a b', 'http://a', 'a'.repeat(256)],
  },
  TELEFUSER_MANAGEMENT_PORT: {
    good: [
      ['0', 0],
      ['65535', 65_535],
    ],
    bad: ['-1', '65536', '1.5', 'http'],
  },
});

describe('the port of the management listener', () => {
  it('is not the port of the API, unless each takes any free one', () => {
    expect(problemsOf({ TELEFUSER_MANAGEMENT_PORT: '8088' })).toEqual([
      { name: 'TELEFUSER_MANAGEMENT_PORT', message: expect.stringContaining('is the port of the API already') as string },
    ]);
    expect(problemsOf({ TELEFUSER_PORT: '9000', TELEFUSER_MANAGEMENT_PORT: '8088' })).toEqual([]);
    expect(problemsOf({ TELEFUSER_PORT: '0', TELEFUSER_MANAGEMENT_PORT: '0' })).toEqual([]);
  });

  it('may be that of the API on another address', () => {
    const addresses = { TELEFUSER_HOST: '192.0.2.1', TELEFUSER_MANAGEMENT_HOST: '127.0.0.1' };
    expect(problemsOf({ ...addresses, TELEFUSER_MANAGEMENT_PORT: '8088' })).toEqual([]);
  });
});
