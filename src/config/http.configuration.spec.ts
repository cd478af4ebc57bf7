import { describe, expect, it } from 'vitest';

import { problemsOf, testVariables } from './variables.testing.js';

testVariables('http', {
  TELEFUSER_TLS_CERT: { good: [], bad: ['a'.repeat(4097)] },
  TELEFUSER_TLS_KEY: { good: [], bad: ['a'.repeat(4097)] },
  TELEFUSER_TRUSTED_PROXIES: {
    good: [
      ['10.0.0.0/8, ::1', ['10.0.0.0/8', '::1']],
      ['["fd00::/8"]', ['fd00::/8']],
    ],
    bad: ['10.0.0.0/33', 'fd00::/129', 'proxy.example', '10.0.0/8', '1.2.3.4/', '*'],
  },
  TELEFUSER_RATE_LIMIT: {
    good: [
      ['0', 0],
      ['1000000', 1_000_000],
    ],
    bad: ['-1', '1000001'],
  },
  TELEFUSER_REQUEST_TIMEOUT_SECONDS: {
    good: [
      ['1', 1],
      ['300', 300],
    ],
    bad: ['0.9', '301'],
  },
  TELEFUSER_FILE_RELOAD_SECONDS: {
    good: [
      ['0.1', 0.1],
      ['3600', 3600],
    ],
    bad: ['0', '3601'],
  },
});

describe('TLS', () => {
  it('takes the certificate and its key together or not at all', () => {
    expect(problemsOf({ TELEFUSER_TLS_CERT: 'c.pem', TELEFUSER_TLS_KEY: 'k.pem' })).toEqual([]);
    expect(problemsOf({ TELEFUSER_TLS_CERT: 'c.pem' }).map(({ name }) => name)).toEqual(['TELEFUSER_TLS_KEY']);
    expect(problemsOf({ TELEFUSER_TLS_KEY: 'k.pem' }).map(({ name }) => name)).toEqual(['TELEFUSER_TLS_CERT']);
  });
});
