import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { ConfigurationError } from './configuration.error.js';
import { Configuration } from './configuration.js';
import { loadConfiguration, type Environment } from './load-configuration.js';
import { describeVariables } from './variable.decorators.js';

function problemsOf(environment: Environment): readonly { name: string; message: string }[] {
  try {
    loadConfiguration(environment);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
  return [];
}

/** For each variable: a good text and its value, then texts that must be refused. Bounds: both ends and one step beyond. */
const CASES: Record<
  string,
  { property: keyof Configuration; good: readonly (readonly [string, unknown])[]; bad: readonly string[] }
> = {
  TELEFUSER_HOST: {
    property: 'host',
    good: [
      ['127.0.0.1', '127.0.0.1'],
      ['::1', '::1'],
    ],
    bad: ['a b', 'http://x', 'x'.repeat(256)],
  },
  TELEFUSER_PORT: {
    property: 'port',
    good: [
      ['0', 0],
      ['65535', 65_535],
    ],
    bad: ['-1', '65536', '80.5', '0x50', 'http', ' '],
  },
  TELEFUSER_SECURITY_LEVEL: {
    property: 'securityLevel',
    good: [
      ['standard', 'standard'],
      ['PERMISSIVE', 'permissive'],
    ],
    bad: ['none', 'strict '],
  },
  TELEFUSER_WEBRTC_MAX_SESSIONS: {
    property: 'maxSessions',
    good: [
      ['1', 1],
      ['100', 100],
    ],
    bad: ['0', '101', 'ten'],
  },
  TELEFUSER_STUN_SERVERS: {
    property: 'stunServers',
    good: [
      ['["stun:a.example:3478","stuns:b.example"]', ['stun:a.example:3478', 'stuns:b.example']],
      ['[]', []],
      ['stun:a.example, stuns:b.example', ['stun:a.example', 'stuns:b.example']],
    ],
    bad: ['a.example', 'stun:a,,stun:b', '["http://a"]', '[1]', '{}', '[', JSON.stringify(Array(9).fill('stun:a'))],
  },
  TELEFUSER_TURN_SERVER: { property: 'turnServer', good: [], bad: ['stun:a', 'turn:', 'turn:a?transport=x', 'a.example'] },
  TELEFUSER_TURN_USERNAME: { property: 'turnUsername', good: [], bad: ['u'.repeat(513)] },
  TELEFUSER_TURN_CREDENTIAL: { property: 'turnCredential', good: [], bad: ['p'.repeat(513)] },
  TELEFUSER_WEBRTC_VIDEO_CODEC: {
    property: 'videoCodecs',
    good: [
      ['VP8', ['VP8', 'H264']],
      ['h264', ['H264', 'VP8']],
      ['H.264', ['H264', 'VP8']],
      ['av1', ['AV1', 'H264', 'VP8']],
      ['["VP8"]', ['VP8']],
      ['vp9, H.264', ['VP9', 'H264']],
      ['["AV1","VP9","H264","VP8"]', ['AV1', 'VP9', 'H264', 'VP8']],
    ],
    bad: ['H265', 'VP9,', '[]', 'VP8,VP8', 'H264,h.264', '[1]', '{}', '["VP8"'],
  },
  TELEFUSER_WEBRTC_VIDEO_BITRATE: {
    property: 'maxVideoBitrate',
    good: [
      ['100000', 100_000],
      ['50000000', 50_000_000],
    ],
    bad: ['99999', '50000001', '4M'],
  },
  TELEFUSER_WEBRTC_START_BITRATE: {
    property: 'startVideoBitrate',
    good: [
      ['100000', 100_000],
      ['50000000', 50_000_000],
    ],
    bad: ['99999', '50000001'],
  },
  TELEFUSER_WEBRTC_ENCODER_PROFILE: {
    property: 'encoderProfile',
    good: [
      ['latency', 'latency'],
      ['Balanced', 'balanced'],
      ['quality', 'quality'],
    ],
    bad: ['ultrafast', '1'],
  },
  TELEFUSER_WEBRTC_HARDWARE_ENCODER: {
    property: 'hardwareEncoder',
    good: [
      ['AUTO', 'auto'],
      ['off', 'off'],
    ],
    bad: ['on', 'nvenc'],
  },
  TELEFUSER_WEBRTC_INTRA_REFRESH_SECONDS: {
    property: 'intraRefreshSeconds',
    good: [
      ['0', 0],
      ['2.5', 2.5],
      ['600', 600],
    ],
    bad: ['-1', '601', 'off'],
  },
  TELEFUSER_WEBRTC_PLAYOUT_DELAY_MS: {
    property: 'playoutDelayMs',
    good: [
      ['0', { minMs: 0, maxMs: 0 }],
      ['200', { minMs: 200, maxMs: 200 }],
      ['0-40950', { minMs: 0, maxMs: 40_950 }],
    ],
    bad: ['40951', '0-40951', '300-200', '-1', '1-2-3', '1.5', '1 - 2'],
  },
  TELEFUSER_WEBRTC_VIDEO_BUFFER_SECONDS: {
    property: 'videoBufferSeconds',
    good: [
      ['0.1', 0.1],
      ['60', 60],
    ],
    bad: ['0.09', '60.1', '1s'],
  },
  TELEFUSER_WEBRTC_DATA_CHANNEL_TIMEOUT_SECONDS: {
    property: 'dataChannelTimeoutSeconds',
    good: [
      ['0.1', 0.1],
      ['300', 300],
    ],
    bad: ['0', '301'],
  },
  TELEFUSER_WEBRTC_DISCONNECTED_GRACE_SECONDS: {
    property: 'disconnectedGraceSeconds',
    good: [
      ['0', 0],
      ['300', 300],
    ],
    bad: ['-1', '300.5', 'Infinity'],
  },
  TELEFUSER_WEBRTC_CONNECT_TIMEOUT_SECONDS: {
    property: 'connectTimeoutSeconds',
    good: [
      ['1', 1],
      ['300', 300],
    ],
    bad: ['0.9', '301'],
  },
  TELEFUSER_WEBRTC_DONE_GRACE_SECONDS: {
    property: 'doneGraceSeconds',
    good: [
      ['0', 0],
      ['60', 60],
    ],
    bad: ['-0.1', '61'],
  },
  TELEFUSER_ICE_GATHER_TIMEOUT_SECONDS: {
    property: 'iceGatherTimeoutSeconds',
    good: [
      ['0.1', 0.1],
      ['30', 30],
    ],
    bad: ['0', '31'],
  },
  TELEFUSER_ICE_HOST_ADDRESSES: {
    property: 'iceHostAddresses',
    good: [['["203.0.113.7","2001:db8::1"]', ['203.0.113.7', '2001:db8::1']]],
    bad: ['["example.com"]', '["1.2.3"]', '"1.2.3.4"', JSON.stringify(Array(9).fill('1.2.3.4'))],
  },
  TELEFUSER_CORS_ORIGINS: {
    property: 'corsOrigins',
    good: [
      ['["https://a.example","http://localhost:3000"]', ['https://a.example', 'http://localhost:3000']],
      ['[]', []],
      ['*', ['*']],
    ],
    bad: ['a.example', '["a.example"]', '["https://a.example/path"]', JSON.stringify(Array(65).fill('*'))],
  },
  TELEFUSER_MAX_BODY_BYTES: {
    property: 'maxBodyBytes',
    good: [
      ['65536', 65_536],
      ['33554432', 33_554_432],
    ],
    bad: ['65535', '33554433', '16MB'],
  },
  TELEFUSER_MAX_SDP_BYTES: {
    property: 'maxSdpBytes',
    good: [
      ['4096', 4_096],
      ['1048576', 1_048_576],
    ],
    bad: ['4095', '1048577'],
  },
  TELEFUSER_MAX_ICE_CANDIDATES: {
    property: 'maxIceCandidates',
    good: [
      ['1', 1],
      ['1024', 1_024],
    ],
    bad: ['0', '1025'],
  },
  TELEFUSER_MAX_JSON_DEPTH: {
    property: 'maxJsonDepth',
    good: [
      ['4', 4],
      ['256', 256],
    ],
    bad: ['3', '257'],
  },
  TELEFUSER_MAX_MESSAGE_BYTES: {
    property: 'maxMessageBytes',
    good: [
      ['1024', 1_024],
      ['16777216', 16_777_216],
    ],
    bad: ['1023', '16777217'],
  },
  TELEFUSER_PIPELINE_START_TIMEOUT_SECONDS: {
    property: 'pipelineStartTimeoutSeconds',
    good: [
      ['0.1', 0.1],
      ['86400', 86_400],
    ],
    bad: ['0', '86401'],
  },
  TELEFUSER_PIPELINE_CALL_TIMEOUT_SECONDS: {
    property: 'pipelineCallTimeoutSeconds',
    good: [
      ['0.1', 0.1],
      ['3600', 3_600],
    ],
    bad: ['0', '3601'],
  },
  TELEFUSER_PIPELINE_CLOSE_TIMEOUT_SECONDS: {
    property: 'pipelineCloseTimeoutSeconds',
    good: [
      ['0.1', 0.1],
      ['600', 600],
    ],
    bad: ['0', '601'],
  },
  TELEFUSER_PIPELINE_WORKERS: {
    property: 'pipelineWorkers',
    good: [
      ['1', 1],
      ['64', 64],
    ],
    bad: ['0', '65', '1.5'],
  },
  TELEFUSER_PYTHON: { property: 'python', good: [['/opt/venv/bin/python', '/opt/venv/bin/python']], bad: ['p'.repeat(4097)] },
  TELEFUSER_PIPELINE_ENV: {
    property: 'pipelineEnvironment',
    good: [
      ['HF_TOKEN,CUDA_VISIBLE_DEVICES', ['HF_TOKEN', 'CUDA_VISIBLE_DEVICES']],
      ['["A"]', ['A']],
    ],
    bad: ['A=1', 'A,TELEFUSER_TURN_CREDENTIAL', '1A', 'A,,B', JSON.stringify(Array(65).fill('A'))],
  },
  TELEFUSER_PIPELINE_ASSETS: {
    property: 'pipelineAssets',
    good: [['/models/a, b c', ['/models/a', 'b c']]],
    bad: ['/a,,/b', '[""]', JSON.stringify(['x'.repeat(4097)])],
  },
  TELEFUSER_PIPELINE_MEMORY_LIMIT_MIB: {
    property: 'pipelineMemoryLimitMib',
    good: [
      ['0', 0],
      ['16777216', 16_777_216],
    ],
    bad: ['-1', '16777217', '4G'],
  },
  TELEFUSER_PIPELINE_HANG_TIMEOUT_SECONDS: {
    property: 'pipelineHangTimeoutSeconds',
    good: [
      ['1', 1],
      ['3600', 3600],
    ],
    bad: ['0.9', '3601'],
  },
  TELEFUSER_PIPELINE_MAX_FAILURES: {
    property: 'pipelineMaxFailures',
    good: [
      ['1', 1],
      ['1000', 1000],
    ],
    bad: ['0', '1001'],
  },
  TELEFUSER_PIPELINE_RESTART_DELAY_SECONDS: {
    property: 'pipelineRestartDelaySeconds',
    good: [
      ['0.05', 0.05],
      ['30', 30],
    ],
    bad: ['0', '31'],
  },
  TELEFUSER_EXIT_ON_START_FAILURE: {
    property: 'exitOnStartFailure',
    good: [
      ['false', false],
      ['0', false],
      ['TRUE', true],
      ['on', true],
    ],
    bad: ['maybe', '2'],
  },
  TELEFUSER_LOG_LEVEL: {
    property: 'logLevel',
    good: [
      ['DEBUG', 'debug'],
      ['WARNING', 'warn'],
      ['CRITICAL', 'error'],
      ['error', 'error'],
    ],
    bad: ['verbose', '3'],
  },
  TELEFUSER_LOG_FORMAT: {
    property: 'logFormat',
    good: [
      ['json', 'json'],
      ['TEXT', 'text'],
    ],
    bad: ['xml'],
  },
};

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

  it('is tested for every variable', () => {
    expect(Object.keys(CASES)).toEqual(describeVariables().map(({ name }) => name));
  });

  describe.each(Object.entries(CASES))('%s', (name, { property, good, bad }) => {
    it.each(good)('accepts %s', (text, value) => {
      expect(loadConfiguration({ [name]: text })[property]).toEqual(value);
    });

    it.each(bad.map((text) => [text.length > 40 ? `${text.slice(0, 40)}…` : text, text]))(
      'refuses %j and is named',
      (_title, text) => {
        const problems = problemsOf({ [name]: text });
        expect(problems.map((problem) => problem.name)).toEqual([name]);
        expect(problems[0]?.message).toMatch(new RegExp(`^${name} must be `, 'u'));
      },
    );
  });

  it('loads any text for any variable within bounds, or names that variable', () => {
    const names = Object.keys(CASES).filter((name) => !name.startsWith('TELEFUSER_TURN_'));
    const text = fc.oneof(
      fc.string(),
      fc.integer().map(String),
      fc.double().map(String),
      fc.stringMatching(/^[+-]?[0-9.e]{1,20}$/u),
    );
    fc.assert(
      fc.property(fc.constantFrom(...names), text, (name, value) => {
        const problems = problemsOf({ [name]: value });
        if (problems.length > 0) {
          expect(problems.map((problem) => problem.name)).toEqual([name]);
          return;
        }
        const { property } = CASES[name] as { property: keyof Configuration };
        const loaded = loadConfiguration({ [name]: value })[property];
        const range = describeVariables()
          .find((variable) => variable.name === name)
          ?.allowed.match(/number from (\S+) to (\S+)$/u);
        if (range === null || range === undefined) return;
        expect(typeof loaded).toBe('number');
        expect(loaded).toBeGreaterThanOrEqual(Number(range[1]));
        expect(loaded).toBeLessThanOrEqual(Number(range[2]));
      }),
      { numRuns: 2_000 },
    );
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

  it('takes the three TURN variables together or not at all', () => {
    const all = {
      TELEFUSER_TURN_SERVER: 'turn:a:3478?transport=udp',
      TELEFUSER_TURN_USERNAME: 'u',
      TELEFUSER_TURN_CREDENTIAL: 'secret',
    };
    expect(loadConfiguration(all)).toMatchObject({
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

  it('lets a flag win over the environment and calls it by its own name', () => {
    const flag = (value: string) => [{ flag: '--port', variable: 'TELEFUSER_PORT', value }];
    expect(loadConfiguration({ TELEFUSER_PORT: 'nonsense' }, flag('9000')).port).toBe(9000);
    expect(() => loadConfiguration({}, flag('99999'))).toThrow('--port must be a whole number from 0 to 65535, not "99999"');
    expect(() => loadConfiguration({}, flag(''))).toThrow('--port must be');
  });
});
