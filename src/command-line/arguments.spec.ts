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
      assets: [],
      options: {},
    });
  });

  it('reads every option, long and short, before and after the pipeline', () => {
    const flags = [
      { flag: '--port', variable: 'TELEFUSER_PORT', value: '9000' },
      { flag: '--host', variable: 'TELEFUSER_HOST', value: '::1' },
      { flag: '--security-level', variable: 'TELEFUSER_SECURITY_LEVEL', value: 'standard' },
    ];
    const expected = {
      kind: 'stream-serve',
      pipelinePath: 'p',
      flags: [...flags, { flag: '--workers', variable: 'TELEFUSER_PIPELINE_WORKERS', value: '3' }],
      skipValidation: true,
      gpuNum: 2,
      assets: ['/models/a', 'b'],
      options: { model: 'small', prompt: 'a=b' },
    };
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
      '--workers',
      '3',
      '--asset',
      '/models/a',
      '--asset=b',
      '--option',
      'model=small',
      '--option=prompt=a=b',
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
      '--asset',
      '/models/a',
      '-o',
      'model=small',
      'p',
      '--asset',
      'b',
      '-oprompt=a=b',
      '--workers=3',
    ];
    expect(parseInvocation(long)).toEqual(expected);
    expect(parseInvocation(short)).toEqual(expected);
  });

  it('knows help for the program and for the command, and the version', () => {
    expect(parseInvocation(['--help'])).toEqual({ kind: 'help' });
    for (const command of ['stream-serve', 'validate', 'new']) {
      expect(parseInvocation([command, '-h'])).toEqual({ kind: 'help', command });
      expect(parseInvocation(['--help', command])).toEqual({ kind: 'help', command });
    }
    expect(parseInvocation(['--version'])).toEqual({ kind: 'version' });
  });

  it('reads the other commands', () => {
    const flags = [{ flag: '--security-level', variable: 'TELEFUSER_SECURITY_LEVEL', value: 'standard' }];
    expect(parseInvocation(['validate', 'p'])).toEqual({ kind: 'validate', pipelinePath: 'p', flags: [], json: false });
    expect(parseInvocation(['validate', '--json', 'p', '--security-level', 'standard'])).toEqual({
      kind: 'validate',
      pipelinePath: 'p',
      flags,
      json: true,
    });
    expect(parseInvocation(['new', 'mine'])).toEqual({ kind: 'new', folder: 'mine', python: false });
    expect(parseInvocation(['new', '--python', 'mine'])).toEqual({ kind: 'new', folder: 'mine', python: true });
  });

  it('takes the last of an option that is given twice, and every name for an option of the pipeline', () => {
    expect(parseInvocation(['stream-serve', 'p', '-g', '2', '-g', '3', '-p', '1', '-p', '2'])).toMatchObject({
      gpuNum: 3,
      flags: [{ value: '2' }],
    });
    const given = parseInvocation(['stream-serve', 'p', '-o', '__proto__=x', '-o', 'empty=']);
    expect(Object.entries((given as { options: object }).options)).toEqual([
      ['__proto__', 'x'],
      ['empty', ''],
    ]);
    const longest = `${'n'.repeat(64)}=${'v'.repeat(4096)}`;
    expect(parseInvocation(['stream-serve', 'p', '-o', longest])).toMatchObject({ kind: 'stream-serve' });
  });

  it.each([
    [[], 'no command given. Run "telefuser --help"'],
    [['stream-server', 'p'], 'there is no command "stream-server", did you mean stream-serve? Run'],
    [['task'], 'there is no command "task". Run'],
    [['stream-serve'], 'no pipeline given.'],
    [['stream-serve', 'a', 'b'], 'one pipeline is taken, and "b" is one argument too many.'],
    [['stream-serve', 'a', '--prot', '1'], "unknown option '--prot', did you mean --port? Run"],
    [['stream-serve', 'a', '-p'], "option '-p, --port <value>' argument missing."],
    [['stream-serve', 'a', '--skip-validation=no'], "option '--skip-validation' does not take an argument."],
    [['stream-serve', 'a', '-g', '0'], '--gpu-num must be a whole number from 1 to 64, not "0".'],
    [['stream-serve', 'a', '-g', '65'], '--gpu-num must be'],
    [['stream-serve', 'a', '-o', 'model'], '-o takes name=value, and "model" has no "=".'],
    [['stream-serve', 'a', '-o', '1st=x'], 'begins with no digit, unlike "1st".'],
    [['stream-serve', 'a', '-o', '=x'], 'unlike "".'],
    [['stream-serve', 'a', '-o', `${'n'.repeat(65)}=x`], 'up to 64 letters'],
    [['stream-serve', 'a', '-o', 'a=1', '-o', 'a=2'], 'the option "a" is given twice.'],
    [['stream-serve', 'a', '-o', `a=${'v'.repeat(4097)}`], 'has 4097 characters, and may have 4096.'],
    [['stream-serve', 'a', ...Array.from({ length: 65 }, (_, n) => `-oa${n}=1`)], '65 options are given, and 64 are allowed.'],
    [['validate'], 'no pipeline given. Run "telefuser validate --help"'],
    [['validate', 'a', '--jsn'], 'unknown option \'--jsn\', did you mean --json? Run "telefuser validate --help"'],
    [['validate', 'a', '--port', '1'], "unknown option '--port'"],
    [['validat', 'a'], 'did you mean validate?'],
    [['new'], 'no folder given. Run "telefuser new --help"'],
    [['new', 'a', 'b'], 'one folder is taken'],
    [['new', 'a', '--pyton'], 'did you mean --python?'],
    [['--verson'], 'did you mean --version? Run "telefuser --help"'],
  ])('refuses %j with a remedy', (args, message) => {
    expect(() => parseInvocation(args)).toThrow(message);
  });

  it('reads any arguments or refuses them with a usage error', () => {
    const word = fc.oneof(
      fc.string(),
      fc.constantFrom(
        'stream-serve',
        'validate',
        'new',
        '-o',
        'a=1',
        '--asset',
        'p',
        '-p',
        '--port',
        '--host',
        '-g',
        '-h',
        '--',
        '--skip-validation',
      ),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 6 }), (args) => {
        try {
          expect(['help', 'version', 'stream-serve', 'validate', 'new']).toContain(parseInvocation(args).kind);
        } catch (error) {
          expect(error).toBeInstanceOf(CommandError);
          expect((error as CommandError).reason).toBe('usage');
        }
      }),
    );
  });
});
