import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { parseInvocation } from './arguments.js';
import { CommandError } from './command.error.js';

describe('parseInvocation', () => {
  it('reads a pipeline and the defaults', () => {
    expect(parseInvocation(['stream-serve', 'pipelines/demo'])).toEqual({
      kind: 'stream-serve',
      pipelinePath: 'pipelines/demo',
      flags: [],
      skipValidation: false,
      gpuNum: 1,
    });
  });

  it('reads every option, long and short, before and after the pipeline', () => {
    const flags = [
      { flag: '--port', variable: 'TELEFUSER_PORT', value: '9000' },
      { flag: '--host', variable: 'TELEFUSER_HOST', value: '::1' },
      { flag: '--security-level', variable: 'TELEFUSER_SECURITY_LEVEL', value: 'standard' },
    ];
    const expected = { kind: 'stream-serve', pipelinePath: 'p', flags, skipValidation: true, gpuNum: 2 };
    const long = [
      'stream-serve',
      'p',
      '--port',
      '9000',
      '--host',
      '::1',
      '--security-level=standard',
      '--skip-validation',
      '--gpu-num',
      '2',
    ];
    const short = [
      'stream-serve',
      '-p',
      '9000',
      '-g2',
      '--host',
      '::1',
      '--security-level',
      'standard',
      '--skip-validation',
      'p',
    ];
    expect(parseInvocation(long)).toEqual(expected);
    expect(parseInvocation(short)).toEqual(expected);
  });

  it('knows help for the program and for the command, and the version', () => {
    expect(parseInvocation(['--help'])).toEqual({ kind: 'help', command: 'telefuser' });
    expect(parseInvocation(['stream-serve', '-h'])).toEqual({ kind: 'help', command: 'stream-serve' });
    expect(parseInvocation(['--version'])).toEqual({ kind: 'version' });
  });

  it.each([
    [[], 'no command given. Run "telefuser --help"'],
    [['stream-server', 'p'], 'there is no command "stream-server", did you mean stream-serve? Run'],
    [['task'], 'there is no command "task". Run'],
    [['stream-serve'], 'no pipeline given.'],
    [['stream-serve', 'a', 'b'], 'one pipeline is served, and "b" is one argument too many.'],
    [['stream-serve', 'a', '--prot', '1'], "unknown option '--prot', did you mean --port? Run"],
    [['stream-serve', 'a', '-p'], "option '-p, --port <value>' argument missing."],
    [['stream-serve', 'a', '--skip-validation=no'], "option '--skip-validation' does not take an argument."],
    [['stream-serve', 'a', '-g', '0'], '--gpu-num must be a whole number from 1 to 64, not "0".'],
    [['stream-serve', 'a', '-g', '65'], '--gpu-num must be'],
  ])('refuses %j with a remedy', (args, message) => {
    expect(() => parseInvocation(args)).toThrow(message);
  });

  it('reads any arguments or refuses them with a usage error', () => {
    const word = fc.oneof(
      fc.string(),
      fc.constantFrom('stream-serve', 'p', '-p', '--port', '--host', '-g', '-h', '--', '--skip-validation'),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 6 }), (args) => {
        try {
          expect(['help', 'version', 'stream-serve']).toContain(parseInvocation(args).kind);
        } catch (error) {
          expect(error).toBeInstanceOf(CommandError);
          expect((error as CommandError).reason).toBe('usage');
        }
      }),
    );
  });
});
