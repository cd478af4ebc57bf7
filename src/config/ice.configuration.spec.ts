import { describe, expect, it } from 'vitest';

import { problemsOf, testVariables } from './variables.testing.js';
import { loadConfiguration } from './load-configuration.js';

testVariables('ice', {
  TELEFUSER_STUN_SERVERS: {
    good: [
      ['["stun:a.example:3478","stuns:b.example"]', ['stun:a.example:3478', 'stuns:b.example']],
      ['[]', []],
      ['stun:a.example, stuns:b.example', ['stun:a.example', 'stuns:b.example']],
    ],
    bad: ['a.example', 'stun:a,,stun:b', '["http://a"]', '[1]', '{}', '[', JSON.stringify(Array(9).fill('stun:a'))],
  },
  TELEFUSER_TURN_SERVER: { good: [], bad: ['stun:a', 'turn:', 'turn:a?transport=x', 'a.example'] },
  TELEFUSER_TURN_SERVERS: { good: [['[]', []]], bad: ['stun:a', 'turn:a,a', JSON.stringify(Array(9).fill('turn:a'))] },
  TELEFUSER_TURN_USERNAME: { good: [], bad: ['u'.repeat(513)] },
  TELEFUSER_TURN_CREDENTIAL: { good: [], bad: ['p'.repeat(513)] },
  TELEFUSER_TURN_SECRET: { good: [], bad: ['s'.repeat(15), 's'.repeat(513)] },
  TELEFUSER_TURN_TTL_SECONDS: {
    good: [
      ['30', 30],
      ['604800', 604_800],
    ],
    bad: ['29', '604801', '60.5'],
  },
  TELEFUSER_ICE_TRANSPORT_POLICY: { good: [['ALL', 'all']], bad: ['none'] },
  TELEFUSER_ICE_GATHER_TIMEOUT_SECONDS: {
    good: [
      ['0.1', 0.1],
      ['30', 30],
    ],
    bad: ['0', '31'],
  },
  TELEFUSER_ICE_HOST_ADDRESSES: {
    good: [['["203.0.113.7","2001:db8::1"]', ['203.0.113.7', '2001:db8::1']]],
    bad: ['["example.com"]', '["1.2.3"]', '"1.2.3.4"', JSON.stringify(Array(9).fill('1.2.3.4'))],
  },
  TELEFUSER_ICE_HOST_ADDRESS_MODE: { good: [['add', 'add']], bad: ['remove'] },
  TELEFUSER_ICE_UDP_PORTS: {
    good: [
      ['1024-65535', { first: 1024, last: 65_535 }],
      ['50000-50000', { first: 50_000, last: 50_000 }],
    ],
    bad: ['50000', '1023-2000', '50001-50000', '60000-65536', '50000-', 'a-b'],
  },
  TELEFUSER_ICE_TCP_PORT: {
    good: [
      ['0', 0],
      ['65535', 65_535],
    ],
    bad: ['-1', '65536', 'tcp'],
  },
  TELEFUSER_ICE_DENIED_NETWORKS: {
    good: [['10.0.0.0/8, 192.0.2.7, fd00::/8', ['10.0.0.0/8', '192.0.2.7', 'fd00::/8']]],
    bad: [
      '10.0.0.0/33',
      'fd00::/129',
      '10.0.0',
      'example.com',
      '10.0.0.0/',
      'fe80::1%eth0',
      JSON.stringify(Array(65).fill('10.0.0.1')),
    ],
  },
});

describe('the TURN server', () => {
  it('takes the three TURN variables together or not at all', () => {
    const all = {
      TELEFUSER_TURN_SERVER: 'turn:a:3478?transport=udp',
      TELEFUSER_TURN_USERNAME: 'u',
      TELEFUSER_TURN_CREDENTIAL: 'secret',
    };
    expect(loadConfiguration(all).ice).toMatchObject({
      turnServer: all.TELEFUSER_TURN_SERVER,
      turnUsername: 'u',
      turnCredential: 'secret',
    });
    for (const missing of Object.keys(all)) {
      expect(problemsOf({ ...all, [missing]: undefined }).map(({ name }) => name)).toEqual([missing]);
    }
  });

  it('takes a secret instead of a username and a credential, or beside them', () => {
    const [url, secret] = ['turn:a:3478', 's'.repeat(16)];
    const fixed = { TELEFUSER_TURN_USERNAME: 'u', TELEFUSER_TURN_CREDENTIAL: 'p' };
    expect(problemsOf({ TELEFUSER_TURN_SERVERS: url, TELEFUSER_TURN_SECRET: secret })).toEqual([]);
    expect(problemsOf({ TELEFUSER_TURN_SERVER: url, TELEFUSER_TURN_SECRET: secret })).toEqual([]);
    expect(problemsOf({ TELEFUSER_TURN_SERVER: url, ...fixed, TELEFUSER_TURN_SECRET: secret })).toEqual([]);
    expect(problemsOf({ TELEFUSER_TURN_SERVERS: url, ...fixed })).toEqual([]);
    expect(problemsOf({ TELEFUSER_TURN_SERVERS: url }).map(({ message }) => message)).toEqual([
      'TELEFUSER_TURN_USERNAME (or TELEFUSER_TURN_SECRET) must be set, because TELEFUSER_TURN_SERVERS is set',
      'TELEFUSER_TURN_CREDENTIAL (or TELEFUSER_TURN_SECRET) must be set, because TELEFUSER_TURN_SERVERS is set',
    ]);
    expect(problemsOf({ TELEFUSER_TURN_SECRET: secret }).map(({ name }) => name)).toEqual(['TELEFUSER_TURN_SERVERS']);
    expect(
      problemsOf({ TELEFUSER_TURN_SERVER: url, TELEFUSER_TURN_USERNAME: 'u', TELEFUSER_TURN_SECRET: secret }).map(
        ({ name }) => name,
      ),
    ).toEqual(['TELEFUSER_TURN_CREDENTIAL']);
  });

  it('is needed where media may only be relayed', () => {
    const relay = { TELEFUSER_ICE_TRANSPORT_POLICY: 'relay' };
    expect(problemsOf(relay).map(({ name }) => name)).toEqual(['TELEFUSER_TURN_SERVERS']);
    const turn = { TELEFUSER_TURN_SERVERS: 'turns:a', TELEFUSER_TURN_SECRET: 's'.repeat(16) };
    expect(loadConfiguration({ ...relay, ...turn }).ice.transportPolicy).toBe('relay');
  });

  it.each(['TELEFUSER_TURN_CREDENTIAL', 'TELEFUSER_TURN_SECRET'])('never repeats %s', (name) => {
    const [problem] = problemsOf({ [name]: 'hunter2'.repeat(100) });
    expect(problem?.message).not.toContain('hunter2');
  });
});

describe('replaced host addresses', () => {
  it('need addresses to take their place', () => {
    const replace = { TELEFUSER_ICE_HOST_ADDRESS_MODE: 'replace' };
    expect(problemsOf(replace).map(({ name }) => name)).toEqual(['TELEFUSER_ICE_HOST_ADDRESSES']);
    expect(loadConfiguration({ ...replace, TELEFUSER_ICE_HOST_ADDRESSES: '203.0.113.7' }).ice.hostAddressMode).toBe('replace');
  });
});
