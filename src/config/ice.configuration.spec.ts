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
  TELEFUSER_TURN_USERNAME: { good: [], bad: ['u'.repeat(513)] },
  TELEFUSER_TURN_CREDENTIAL: { good: [], bad: ['p'.repeat(513)] },
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

  it('never repeats the TURN credential', () => {
    const [problem] = problemsOf({ TELEFUSER_TURN_CREDENTIAL: 'hunter2'.repeat(100) });
    expect(problem?.message).not.toContain('hunter2');
  });
});
