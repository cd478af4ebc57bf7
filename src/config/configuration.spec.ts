import { testVariables } from './variables.testing.js';

testVariables(undefined, {
  TELEFUSER_HOST: {
    good: [
      ['127.0.0.1', '127.0.0.1'],
      ['::1', '::1'],
    ],
    bad: ['a b', 'http://x', 'x'.repeat(256)],
  },
  TELEFUSER_PORT: {
    good: [
      ['0', 0],
      ['65535', 65_535],
    ],
    bad: ['-1', '65536', '80.5', '0x50', 'http', ' '],
  },
  TELEFUSER_SECURITY_LEVEL: {
    good: [
      ['standard', 'standard'],
      ['PERMISSIVE', 'permissive'],
    ],
    bad: ['none', 'strict '],
  },
  TELEFUSER_WEBRTC_MAX_SESSIONS: {
    good: [
      ['1', 1],
      ['100', 100],
    ],
    bad: ['0', '101', 'ten'],
  },
  TELEFUSER_WEBRTC_VIDEO_CODEC: {
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
    good: [
      ['100000', 100_000],
      ['50000000', 50_000_000],
    ],
    bad: ['99999', '50000001', '4M'],
  },
  TELEFUSER_WEBRTC_START_BITRATE: {
    good: [
      ['100000', 100_000],
      ['50000000', 50_000_000],
    ],
    bad: ['99999', '50000001'],
  },
  TELEFUSER_WEBRTC_ENCODER_PROFILE: {
    good: [
      ['latency', 'latency'],
      ['Balanced', 'balanced'],
      ['quality', 'quality'],
    ],
    bad: ['ultrafast', '1'],
  },
  TELEFUSER_WEBRTC_HARDWARE_ENCODER: {
    good: [
      ['AUTO', 'auto'],
      ['off', 'off'],
    ],
    bad: ['on', 'nvenc'],
  },
  TELEFUSER_WEBRTC_INTRA_REFRESH_SECONDS: {
    good: [
      ['0', 0],
      ['2.5', 2.5],
      ['600', 600],
    ],
    bad: ['-1', '601', 'off'],
  },
  TELEFUSER_WEBRTC_PLAYOUT_DELAY_MS: {
    good: [
      ['0', { minMs: 0, maxMs: 0 }],
      ['200', { minMs: 200, maxMs: 200 }],
      ['0-40950', { minMs: 0, maxMs: 40_950 }],
    ],
    bad: ['40951', '0-40951', '300-200', '-1', '1-2-3', '1.5', '1 - 2'],
  },
  TELEFUSER_WEBRTC_VIDEO_BUFFER_SECONDS: {
    good: [
      ['0.1', 0.1],
      ['60', 60],
    ],
    bad: ['0.09', '60.1', '1s'],
  },
  TELEFUSER_WEBRTC_DATA_CHANNEL_TIMEOUT_SECONDS: {
    good: [
      ['0.1', 0.1],
      ['300', 300],
    ],
    bad: ['0', '301'],
  },
  TELEFUSER_WEBRTC_DISCONNECTED_GRACE_SECONDS: {
    good: [
      ['0', 0],
      ['300', 300],
    ],
    bad: ['-1', '300.5', 'Infinity'],
  },
  TELEFUSER_WEBRTC_CONNECT_TIMEOUT_SECONDS: {
    good: [
      ['1', 1],
      ['300', 300],
    ],
    bad: ['0.9', '301'],
  },
  TELEFUSER_WEBRTC_DONE_GRACE_SECONDS: {
    good: [
      ['0', 0],
      ['60', 60],
    ],
    bad: ['-0.1', '61'],
  },
  TELEFUSER_CORS_ORIGINS: {
    good: [
      ['["https://a.example","http://localhost:3000"]', ['https://a.example', 'http://localhost:3000']],
      ['[]', []],
      ['*', ['*']],
    ],
    bad: ['a.example', '["a.example"]', '["https://a.example/path"]', JSON.stringify(Array(65).fill('*'))],
  },
  TELEFUSER_MAX_BODY_BYTES: {
    good: [
      ['65536', 65_536],
      ['33554432', 33_554_432],
    ],
    bad: ['65535', '33554433', '16MB'],
  },
  TELEFUSER_MAX_SDP_BYTES: {
    good: [
      ['4096', 4_096],
      ['1048576', 1_048_576],
    ],
    bad: ['4095', '1048577'],
  },
  TELEFUSER_MAX_ICE_CANDIDATES: {
    good: [
      ['1', 1],
      ['1024', 1_024],
    ],
    bad: ['0', '1025'],
  },
  TELEFUSER_MAX_JSON_DEPTH: {
    good: [
      ['4', 4],
      ['256', 256],
    ],
    bad: ['3', '257'],
  },
  TELEFUSER_MAX_MESSAGE_BYTES: {
    good: [
      ['1024', 1_024],
      ['16777216', 16_777_216],
    ],
    bad: ['1023', '16777217'],
  },
  TELEFUSER_PIPELINE_START_TIMEOUT_SECONDS: {
    good: [
      ['0.1', 0.1],
      ['86400', 86_400],
    ],
    bad: ['0', '86401'],
  },
  TELEFUSER_PIPELINE_CALL_TIMEOUT_SECONDS: {
    good: [
      ['0.1', 0.1],
      ['3600', 3_600],
    ],
    bad: ['0', '3601'],
  },
  TELEFUSER_PIPELINE_CLOSE_TIMEOUT_SECONDS: {
    good: [
      ['0.1', 0.1],
      ['600', 600],
    ],
    bad: ['0', '601'],
  },
  TELEFUSER_PIPELINE_WORKERS: {
    good: [
      ['1', 1],
      ['64', 64],
    ],
    bad: ['0', '65', '1.5'],
  },
  TELEFUSER_PYTHON: { good: [['/opt/venv/bin/python', '/opt/venv/bin/python']], bad: ['p'.repeat(4097)] },
  TELEFUSER_PIPELINE_ENV: {
    good: [
      ['HF_TOKEN,CUDA_VISIBLE_DEVICES', ['HF_TOKEN', 'CUDA_VISIBLE_DEVICES']],
      ['["A"]', ['A']],
    ],
    bad: ['A=1', 'A,TELEFUSER_TURN_CREDENTIAL', '1A', 'A,,B', JSON.stringify(Array(65).fill('A'))],
  },
  TELEFUSER_PIPELINE_ASSETS: {
    good: [['/models/a, b c', ['/models/a', 'b c']]],
    bad: ['/a,,/b', '[""]', JSON.stringify(['x'.repeat(4097)])],
  },
  TELEFUSER_PIPELINE_MEMORY_LIMIT_MIB: {
    good: [
      ['0', 0],
      ['16777216', 16_777_216],
    ],
    bad: ['-1', '16777217', '4G'],
  },
  TELEFUSER_PIPELINE_HANG_TIMEOUT_SECONDS: {
    good: [
      ['1', 1],
      ['3600', 3600],
    ],
    bad: ['0.9', '3601'],
  },
  TELEFUSER_PIPELINE_MAX_FAILURES: {
    good: [
      ['1', 1],
      ['1000', 1000],
    ],
    bad: ['0', '1001'],
  },
  TELEFUSER_PIPELINE_RESTART_DELAY_SECONDS: {
    good: [
      ['0.05', 0.05],
      ['30', 30],
    ],
    bad: ['0', '31'],
  },
  TELEFUSER_EXIT_ON_START_FAILURE: {
    good: [
      ['false', false],
      ['0', false],
      ['TRUE', true],
      ['on', true],
    ],
    bad: ['maybe', '2'],
  },
  TELEFUSER_LOG_LEVEL: {
    good: [
      ['DEBUG', 'debug'],
      ['WARNING', 'warn'],
      ['CRITICAL', 'error'],
      ['error', 'error'],
    ],
    bad: ['verbose', '3'],
  },
  TELEFUSER_LOG_FORMAT: {
    good: [
      ['json', 'json'],
      ['TEXT', 'text'],
    ],
    bad: ['xml'],
  },
});
