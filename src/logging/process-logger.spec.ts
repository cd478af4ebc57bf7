import { Logger } from '@nestjs/common';
import { afterEach, describe, expect, it, vi } from 'vitest';

import { ProcessLogger } from './process-logger.js';
import { inRequest } from './request-context.js';

function written(log: (logger: ProcessLogger) => void, settings: ConstructorParameters<typeof ProcessLogger>[0]): string[] {
  const lines: string[] = [];
  vi.spyOn(process.stdout, 'write').mockImplementation(() => {
    throw new Error('stdout is not for the log');
  });
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => lines.push(String(text)) > 0);
  log(new ProcessLogger(settings));
  vi.restoreAllMocks();
  return lines;
}

/** As everything in the server logs: by Nest's `Logger`. */
function writtenByNest(log: (logger: Logger) => void, logFormat: 'text' | 'json'): string[] {
  return written(
    (target) => {
      Logger.overrideLogger(target);
      log(new Logger('Session'));
      Logger.overrideLogger(['log']);
    },
    { logLevel: 'info', logFormat },
  );
}

const everything = (logger: ProcessLogger): void => {
  logger.debug('D', 'Test');
  logger.log('L', 'Test');
  logger.warn('W', 'Test');
  logger.error('E', undefined, 'Test');
};

afterEach(() => {
  vi.restoreAllMocks();
});

describe('ProcessLogger', () => {
  it.each([
    ['debug', 4],
    ['info', 3],
    ['warn', 2],
    ['error', 1],
  ] as const)('writes, at the level %s, the %i lines from there on, to stderr', (logLevel, count) => {
    expect(written(everything, { logLevel, logFormat: 'text' })).toHaveLength(count);
    expect(written(everything, { logLevel, logFormat: 'json' })).toHaveLength(count);
  });

  it('writes one JSON object a line, with the names of levels that collectors know', () => {
    const lines = written(everything, { logLevel: 'debug', logFormat: 'json' });
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(
      [
        ['debug', 'D'],
        ['info', 'L'],
        ['warn', 'W'],
        ['error', 'E'],
      ].map(([level, message]) => ({
        level,
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/u) as string,
        pid: process.pid,
        context: 'Test',
        message,
      })),
    );
  });

  it('writes fields as fields, and behind the text', () => {
    const log = (logger: Logger): void => {
      logger.log('opened', { session_id: 'demo-1' });
      logger.error('broke', 'Error: at 1\n    at 2', { session_id: 'demo-1' });
      logger.warn('no fields');
    };
    const [opened, broke, plain] = writtenByNest(log, 'json').map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(opened).toMatchObject({ level: 'info', context: 'Session', message: 'opened', session_id: 'demo-1' });
    expect(broke).toMatchObject({ level: 'error', context: 'Session', message: 'broke', session_id: 'demo-1' });
    expect(broke?.['stack']).toContain('    at 2');
    expect(plain).not.toHaveProperty('session_id');
    const text = writtenByNest(log, 'text');
    expect(text[0]).toMatch(/ LOG \[Session\] opened session_id=demo-1\n$/u);
    const [traceback = ''] = writtenByNest((logger) => logger.error('failed\n  at 1', undefined, { session_id: 's' }), 'text');
    expect(traceback).toMatch(/failed session_id=s\n {2}at 1/u);
    expect(text.slice(1, 3).join('')).toMatch(/ERROR \[Session\] broke session_id=demo-1\n.*at 2/su);
  });

  it('writes the id of the request in whose course a line was written, later lines of it included', async () => {
    const { promise, resolve } = Promise.withResolvers<string[]>();
    inRequest('r-1', () =>
      setTimeout(() => resolve(writtenByNest((logger) => logger.log('later', { session_id: 's' }), 'json'))),
    );
    const [line = '{}'] = await promise;
    expect(JSON.parse(line)).toMatchObject({ message: 'later', session_id: 's', request_id: 'r-1' });
  });

  it('keeps a message with line breaks on one line of JSON, and an error with its stack', () => {
    const lines = writtenByNest((logger) => {
      logger.log('one\ntwo');
      logger.error(new Error('outer', { cause: new Error('inner') }));
    }, 'json');
    expect(lines.map((line) => line.trimEnd().includes('\n'))).toEqual([false, false]);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ message: 'one\ntwo' });
    expect(JSON.parse(lines[1] ?? '')).toMatchObject({
      message: 'outer',
      error: { message: expect.stringContaining('inner') as string },
    });
  });

  it("leaves out Nest's account of its wiring, except for debugging", () => {
    const wiring = (logger: ProcessLogger): void => logger.log('AppModule dependencies initialized', 'InstanceLoader');
    expect(written(wiring, { logLevel: 'info', logFormat: 'text' })).toEqual([]);
    expect(written(wiring, { logLevel: 'debug', logFormat: 'text' })).toHaveLength(1);
  });
});
