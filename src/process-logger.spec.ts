import { afterEach, describe, expect, it, vi } from 'vitest';

import { ProcessLogger } from './process-logger.js';

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
  });

  it('writes one JSON object a line', () => {
    const lines = written((logger) => logger.log('hello', 'Test'), { logLevel: 'info', logFormat: 'json' });
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      expect.objectContaining({ level: 'log', message: 'hello', context: 'Test' }),
    ]);
  });

  it("leaves out Nest's account of its wiring, except for debugging", () => {
    const wiring = (logger: ProcessLogger): void => logger.log('AppModule dependencies initialized', 'InstanceLoader');
    expect(written(wiring, { logLevel: 'info', logFormat: 'text' })).toEqual([]);
    expect(written(wiring, { logLevel: 'debug', logFormat: 'text' })).toHaveLength(1);
  });
});
