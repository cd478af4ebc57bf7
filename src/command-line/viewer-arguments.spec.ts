import { describe, expect, it } from 'vitest';

import { parseInvocation } from './arguments.js';

const URL = 'http://localhost:8088/';
const PRESS = '{"type":"control","key":"ArrowUp","action":"press"}';
const USUAL = {
  url: URL,
  task: 't2v',
  prompt: undefined,
  image: undefined,
  fps: undefined,
  config: undefined,
  fields: {},
  token: undefined,
  tokenFile: undefined,
  relay: false,
  timeoutMs: 15_000,
};

describe('the arguments of telefuser watch', () => {
  it('are the address alone, with the usual rest', () => {
    expect(parseInvocation(['watch', URL])).toEqual({
      ...USUAL,
      kind: 'watch',
      record: undefined,
      force: false,
      stats: false,
      messages: false,
      seconds: undefined,
      controls: [],
    });
  });

  it('are every option, with JSON read', () => {
    const args = [
      'watch',
      URL,
      '--task',
      'bidirectional',
      '--prompt=-a lake-',
      '--image',
      'lake.jpg',
      '--fps',
      '29.97',
      '--relay',
    ];
    args.push(
      '--config',
      '{"steps":4}',
      '--field',
      'duration_s=30',
      '--field',
      'name=a=b',
      '--field=loop=true',
      '--timeout',
      '60',
    );
    args.push('--token-file', 'key', '--record', 'a.mp4', '--force', '--stats', '--messages', '--seconds', '2.5');
    args.push('--control', PRESS, '--control', '"hello"');
    expect(parseInvocation(args)).toEqual({
      kind: 'watch',
      url: URL,
      task: 'bidirectional',
      prompt: '-a lake-',
      image: 'lake.jpg',
      fps: 29.97,
      config: { steps: 4 },
      fields: { duration_s: 30, name: 'a=b', loop: true },
      token: undefined,
      tokenFile: 'key',
      relay: true,
      timeoutMs: 60_000,
      record: 'a.mp4',
      force: true,
      stats: true,
      messages: true,
      seconds: 2.5,
      controls: [JSON.parse(PRESS), 'hello'],
    });
  });

  it('may name fields as they like', () => {
    const { fields } = parseInvocation(['watch', URL, '--field', '__proto__=1']) as unknown as { fields: object };
    expect(Object.entries(fields)).toEqual([['__proto__', 1]]);
  });

  it.each([
    [['--fps', '0'], /--fps must be a number from 1 to 240, not "0"/],
    [['--fps', '1e3'], /--fps must be a number/],
    [['--seconds', '-1'], /seconds/],
    [['--timeout', '601'], /--timeout must be a number from 1 to 600/],
    [['--config', '{'], /--config must be JSON, not "\{"/],
    [['--config', '[1]'], /--config must be a JSON object, not "\[1\]"/],
    [['--control', '{type:1}'], /--control must be JSON/],
    [['--field', 'loop'], /--field takes name=value, unlike "loop"/],
    [['--field', '=1'], /--field takes name=value/],
    [['--field', 'prompt=x'], /--field cannot be prompt, which --prompt is for/],
    [['--field', 'sdp=x'], /--field cannot be sdp, which is made here/],
    [['--field', 'a=1', '--field', 'a=2'], /the field "a" is given twice/],
    [['--token', 'a', '--token-file', 'b'], /--token and --token-file exclude each other/],
    [['--recrod', 'a.mp4'], /did you mean --record\?/],
  ])('are refused by name: %j', (args, message) => {
    expect(() => parseInvocation(['watch', URL, ...args])).toThrow(message);
  });

  it('never repeat a token in an error', () => {
    expect(() => parseInvocation(['watch', URL, '--token', 'secret', '--fps', 'x'])).toThrow(/^(?!.*secret)/u);
  });
});

describe('the arguments of telefuser bench', () => {
  it('are the address alone, or all', () => {
    expect(parseInvocation(['bench', URL])).toEqual({
      ...USUAL,
      kind: 'bench',
      sessions: 1,
      seconds: 10,
      rampSeconds: 0.1,
      json: undefined,
      force: false,
      controls: [],
    });
    const args = ['bench', URL, '-n', '20', '--seconds', '60', '--ramp', '0', '--json', '-', '--force', '--control', PRESS];
    expect(parseInvocation(args)).toMatchObject({
      sessions: 20,
      seconds: 60,
      rampSeconds: 0,
      json: '-',
      force: true,
      controls: [JSON.parse(PRESS)],
    });
    expect(parseInvocation(['bench', URL, '--sessions', '40'])).toMatchObject({ rampSeconds: 4 });
  });

  it.each([
    [['--sessions', '0'], /--sessions must be a number from 1 to 500/],
    [['--sessions', '1.5'], /--sessions must be a whole number/],
    [['--control', '"press"'], /--control must be a JSON object here/],
    [['--record', 'a.mp4'], /--record/],
  ])('are refused by name: %j', (args, message) => {
    expect(() => parseInvocation(['bench', URL, ...args])).toThrow(message);
  });
});
