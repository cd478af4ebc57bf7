import { describe, expect, it } from 'vitest';

import { problemsOf } from './variables.testing.js';
import { Configuration } from './configuration.js';
import { loadConfiguration } from './load-configuration.js';
import { describeVariables } from './variable.decorators.js';

describe('loadConfiguration', () => {
  it('gives the defaults for an empty environment and for empty values', () => {
    expect(loadConfiguration({})).toEqual(new Configuration());
    expect(loadConfiguration({})).toBeInstanceOf(Configuration);
    const empty = Object.fromEntries(describeVariables().map(({ name }) => [name, '']));
    expect(loadConfiguration(empty)).toEqual(new Configuration());
  });

  it('leaves variables of others alone', () => {
    expect(loadConfiguration({ PATH: '/bin', VIDEO_PATH: 'clip.mp4', telefuser_port: '1' })).toEqual(new Configuration());
  });

  it('suggests the nearest name for an unknown variable of its prefix', () => {
    const [problem] = problemsOf({ TELEFUSER_WEBRTC_MAX_SESSION: '3' });
    expect(problem).toEqual({
      name: 'TELEFUSER_WEBRTC_MAX_SESSION',
      message: 'TELEFUSER_WEBRTC_MAX_SESSION is no variable of this server: did you mean TELEFUSER_WEBRTC_MAX_SESSIONS?',
    });
    expect(problemsOf({ TELEFUSER_CACHE_EVICTION_POLICY_NAME: 'x' })[0]?.message).toContain('docs/configuration.md');
  });

  it('lists every problem at once', () => {
    const names = problemsOf({ TELEFUSER_PORT: 'x', TELEFUSER_LOG_LEVEL: 'x', TELEFUSER_PROT: '1' }).map(({ name }) => name);
    expect(names.sort()).toEqual(['TELEFUSER_LOG_LEVEL', 'TELEFUSER_PORT', 'TELEFUSER_PROT']);
  });

  it('lets a flag win over the environment and calls it by its own name', () => {
    const flag = (value: string) => [{ flag: '--port', variable: 'TELEFUSER_PORT', value }];
    expect(loadConfiguration({ TELEFUSER_PORT: 'nonsense' }, flag('9000')).port).toBe(9000);
    expect(() => loadConfiguration({}, flag('99999'))).toThrow('--port must be a whole number from 0 to 65535, not "99999"');
    expect(() => loadConfiguration({}, flag(''))).toThrow('--port must be');
  });
});
