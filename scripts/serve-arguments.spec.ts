import { describe, expect, it } from 'vitest';
import { serveArguments } from './serve-arguments.mjs';

const LEVEL = ['--security-level', 'standard'];

describe('what npm start hands to stream-serve', () => {
  it.each([
    [[], ['pipelines/video-replay', ...LEVEL]],
    [
      ['-p', '9000'],
      ['pipelines/video-replay', '-p', '9000', ...LEVEL],
    ],
    [
      ['my-pipeline', '-p', '9000'],
      ['my-pipeline', '-p', '9000', ...LEVEL],
    ],
  ])('adds the default pipeline and the level to %j', (given, args) => {
    expect(serveArguments(given, {})).toEqual({ args, note: expect.stringContaining('--security-level standard') });
  });

  it.each([[['--security-level', 'strict']], [['--security-level=permissive']]])('leaves %j as it is', (given) => {
    expect(serveArguments(given, {})).toEqual({ args: ['pipelines/video-replay', ...given] });
  });

  it('leaves the level to the environment when it names one', () => {
    expect(serveArguments([], { TELEFUSER_SECURITY_LEVEL: 'strict' })).toEqual({ args: ['pipelines/video-replay'] });
  });

  it.each([[['--help']], [['-h']], [['my-pipeline', '--help']]])('adds nothing to %j', (given) => {
    expect(serveArguments(given, {})).toEqual({ args: given });
  });
});
