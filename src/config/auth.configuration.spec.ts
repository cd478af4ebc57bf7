import { describe, expect, it } from 'vitest';

import { loadConfiguration } from './load-configuration.js';
import { problemsOf, testVariables } from './variables.testing.js';

const RECORD = {
  id: 'k001',
  sha256: 'ab'.repeat(32),
  tenant: 'acme',
  scopes: ['stream:create'],
  expires: '2027-01-31T00:00:00Z',
};
const KEYS = JSON.stringify([RECORD]);

testVariables('auth', {
  TELEFUSER_AUTH: { good: [['NONE', 'none']], bad: ['optional', 'true'] },
  TELEFUSER_API_KEYS: {
    good: [
      [KEYS, KEYS],
      ['[]', '[]'],
    ],
    bad: [
      '{}',
      'k001',
      '[1]',
      JSON.stringify([RECORD, RECORD]),
      JSON.stringify([{ ...RECORD, id: 'a_b' }]),
      JSON.stringify([{ ...RECORD, sha256: 'ab' }]),
      JSON.stringify([{ ...RECORD, tenant: 'a\nb' }]),
      JSON.stringify([{ ...RECORD, scopes: [] }]),
      JSON.stringify([{ ...RECORD, scopes: ['stream:all'] }]),
      JSON.stringify([{ ...RECORD, expires: 'soon' }]),
      JSON.stringify([{ ...RECORD, expires: '2027-01-31T00:00:00' }]),
      JSON.stringify([{ ...RECORD, key: 'tfk_' }]),
    ],
  },
  TELEFUSER_API_KEYS_FILE: { good: [['/etc/keys.json', '/etc/keys.json']], bad: ['a'.repeat(4097)] },
  TELEFUSER_JWKS_URL: { good: [], bad: ['ftp://a', 'a.example', 'https://', 'https://user@a'] },
  TELEFUSER_JWKS_FILE: { good: [], bad: ['a'.repeat(4097)] },
  TELEFUSER_JWT_ISSUER: { good: [['https://idp.example', 'https://idp.example']], bad: ['a'.repeat(2049)] },
  TELEFUSER_JWT_AUDIENCE: {
    good: [
      ['stream', ['stream']],
      ['["a","b"]', ['a', 'b']],
    ],
    bad: ['a,,b', JSON.stringify(Array(17).fill('a'))],
  },
  TELEFUSER_JWT_ALGORITHMS: { good: [['ES256,EdDSA', ['ES256', 'EdDSA']]], bad: ['HS256', 'none', 'es256'] },
  TELEFUSER_JWT_CLOCK_SKEW_SECONDS: {
    good: [
      ['0', 0],
      ['300', 300],
    ],
    bad: ['-1', '301'],
  },
  TELEFUSER_JWT_TENANT_CLAIM: { good: [['org_id', 'org_id']], bad: ['a b', 'a'.repeat(129)] },
  TELEFUSER_JWKS_CACHE_SECONDS: {
    good: [
      ['1', 1],
      ['86400', 86_400],
    ],
    bad: ['0', '86401'],
  },
  TELEFUSER_JWKS_COOLDOWN_SECONDS: {
    good: [
      ['0.1', 0.1],
      ['3600', 3600],
    ],
    bad: ['0', '3601'],
  },
  TELEFUSER_TENANT_MAX_SESSIONS: {
    good: [
      ['0', 0],
      ['100', 100],
    ],
    bad: ['-1', '101'],
  },
  TELEFUSER_STREAM_TOKEN_SECRET: { good: [['s'.repeat(32), 's'.repeat(32)]], bad: ['s'.repeat(31), 's'.repeat(513)] },
  TELEFUSER_STREAM_TOKEN_MAX_SECONDS: {
    good: [
      ['1', 1],
      ['86400', 86_400],
    ],
    bad: ['0', '86401'],
  },
});

const named = (environment: Readonly<Record<string, string>>): string[] => problemsOf(environment).map(({ name }) => name);

describe('the credentials', () => {
  it('must be configured when they are required', () => {
    expect(named({ TELEFUSER_AUTH: 'required' })).toEqual(['TELEFUSER_AUTH']);
    expect(problemsOf({ TELEFUSER_AUTH: 'required' })[0]?.message).toContain('telefuser api-key');
    expect(loadConfiguration({ TELEFUSER_AUTH: 'required', TELEFUSER_API_KEYS: KEYS }).auth.mode).toBe('required');
    expect(loadConfiguration({ TELEFUSER_AUTH: 'required', TELEFUSER_API_KEYS_FILE: 'keys.json' }).auth.mode).toBe('required');
  });

  it('need an issuer and an audience with the keys of an identity provider, and one place of these', () => {
    const whole = {
      TELEFUSER_JWKS_URL: 'https://idp.example/keys',
      TELEFUSER_JWT_ISSUER: 'https://idp.example',
      TELEFUSER_JWT_AUDIENCE: 'stream',
    };
    expect(loadConfiguration(whole).auth.jwksUrl).toBe(whole.TELEFUSER_JWKS_URL);
    expect(named({ ...whole, TELEFUSER_JWT_ISSUER: '' })).toEqual(['TELEFUSER_JWT_ISSUER']);
    expect(named({ ...whole, TELEFUSER_JWT_AUDIENCE: '' })).toEqual(['TELEFUSER_JWT_AUDIENCE']);
    expect(named({ ...whole, TELEFUSER_JWT_ALGORITHMS: '[]' })).toEqual(['TELEFUSER_JWT_ALGORITHMS']);
    expect(named({ ...whole, TELEFUSER_JWKS_FILE: 'keys' })).toEqual(['TELEFUSER_JWKS_FILE']);
  });

  it('are never repeated in a message', () => {
    const bad = JSON.stringify([{ ...RECORD, sha256: 'hunter2' }]);
    expect(problemsOf({ TELEFUSER_API_KEYS: bad })[0]?.message).not.toContain('hunter2');
    expect(problemsOf({ TELEFUSER_API_KEYS: '["hunter2"' })[0]?.message).not.toContain('hunter2');
    expect(problemsOf({ TELEFUSER_STREAM_TOKEN_SECRET: 'hunter2' })[0]?.message).not.toContain('hunter2');
  });
});
