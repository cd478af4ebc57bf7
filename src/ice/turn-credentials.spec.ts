import { describe, expect, it } from 'vitest';
import { mintTurnCredentials } from './turn-credentials.js';

describe('mintTurnCredentials', () => {
  it('signs the time of expiry and the id as TURN servers verify them', () => {
    // printf %s 1700000000:alice | openssl dgst -sha1 -hmac north-secret-of-tests -binary | base64
    expect(mintTurnCredentials('north-secret-of-tests', 'alice', 1_700_000_000)).toEqual({
      username: '1700000000:alice',
      credential: 'EtMEQkryxnHPc4VTuRBvgaGIyfo=',
    });
  });
});
