import { describe, expect, it } from 'vitest';

import { ANYONE, type Identity, ownerOf, owns } from './identity.js';

const of = (kind: Identity['kind'], tenant: string, subject?: string, tokenId?: string): Identity => ({
  kind,
  name: 'n',
  tenant,
  subject,
  tokenId,
  scopes: new Set(),
});

const KEY = of('api-key', 'acme');
const ANN = of('jwt', 'acme', 'ann');
const BOB = of('jwt', 'acme', 'bob');
const KEY_TOKEN = of('stream-token', 'acme', undefined, 't1');
const ANN_TOKEN = of('stream-token', 'acme', 'ann', 't2');
const OTHER_KEY = of('api-key', 'other');
const OTHER_ANN = of('jwt', 'other', 'ann');

describe('owns', () => {
  it.each<[string, Identity, Identity, boolean]>([
    ['a key its own', KEY, KEY, true],
    ['a key that of a user of its tenant', KEY, ANN, true],
    ['a key that of a token of its tenant', KEY, KEY_TOKEN, true],
    ["a key another tenant's", KEY, OTHER_KEY, false],
    ['a user his own', ANN, ANN, true],
    ['a user that of a token that was made for him', ANN, ANN_TOKEN, true],
    ["a user another user's", ANN, BOB, false],
    ["a user the tenant's", ANN, KEY, false],
    ['a user one of the same name of another tenant', ANN, OTHER_ANN, false],
    ['a token its own', KEY_TOKEN, KEY_TOKEN, true],
    ['a token that of another token', KEY_TOKEN, ANN_TOKEN, false],
    ['a token that of whoever had it made', ANN_TOKEN, ANN, false],
    ['everyone everything, where nobody is asked', ANYONE, ANYONE, true],
  ])('gives %s: %#', (_what, identity, opener, expected) => {
    expect(owns(identity, ownerOf(opener))).toBe(expected);
  });
});
