import { describe, expect, it } from 'vitest';
import { loadConfiguration, type Environment } from '../config/index.js';
import { IceServersService } from './ice-servers.service.js';
import { mintTurnCredentials } from './turn-credentials.js';

const NOW_MS = 1_700_000_000_500;
const SECRET = 'a secret of the tests';
const FIXED = { TELEFUSER_TURN_USERNAME: 'user', TELEFUSER_TURN_CREDENTIAL: 'password' };

function minted(variables: Environment) {
  return new IceServersService(loadConfiguration(variables)).mint('viewer', NOW_MS);
}

describe('IceServersService', () => {
  it('has none unless configured', () => {
    expect(minted({})).toEqual({ servers: [], transportPolicy: 'all', ttlSeconds: undefined, expiresAtMs: undefined });
  });

  it('mints for every TURN server that has no credentials of its own', () => {
    const { servers, ttlSeconds, expiresAtMs } = minted({
      TELEFUSER_STUN_SERVERS: 'stun:a,stun:b',
      TELEFUSER_TURN_SERVER: 'turn:c',
      TELEFUSER_TURN_SERVERS: 'turn:d?transport=tcp,turns:e',
      TELEFUSER_TURN_SECRET: SECRET,
      TELEFUSER_TURN_TTL_SECONDS: '600',
    });
    expect(servers).toEqual([
      { urls: ['stun:a', 'stun:b'] },
      { urls: ['turn:c', 'turn:d?transport=tcp', 'turns:e'], ...mintTurnCredentials(SECRET, 'viewer', 1_700_000_600) },
    ]);
    expect([ttlSeconds, expiresAtMs]).toEqual([600, 1_700_000_600_000]);
  });

  it('leaves the server that has credentials its own, beside minted ones', () => {
    const { servers } = minted({
      ...FIXED,
      TELEFUSER_TURN_SERVER: 'turn:c',
      TELEFUSER_TURN_SERVERS: 'turn:d',
      TELEFUSER_TURN_SECRET: SECRET,
    });
    expect(servers).toEqual([
      { urls: ['turn:c'], username: 'user', credential: 'password' },
      { urls: ['turn:d'], ...mintTurnCredentials(SECRET, 'viewer', 1_700_086_400) },
    ]);
  });

  it('gives all servers the configured credentials where there is no secret, and these never expire', () => {
    const variables = { ...FIXED, TELEFUSER_TURN_SERVER: 'turn:c', TELEFUSER_TURN_SERVERS: 'turn:d' };
    const { servers, ttlSeconds } = minted(variables);
    expect(servers).toEqual([{ urls: ['turn:c', 'turn:d'], username: 'user', credential: 'password' }]);
    expect(ttlSeconds).toBeUndefined();
  });

  it('mints for somebody else each time', () => {
    const service = new IceServersService(loadConfiguration({ TELEFUSER_TURN_SERVERS: 'turn:c', TELEFUSER_TURN_SECRET: SECRET }));
    expect(service.mint().servers[0]?.username).not.toBe(service.mint().servers[0]?.username);
  });
});
