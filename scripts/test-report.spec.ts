import { describe, expect, it } from 'vitest';
import { isContinuousIntegration, leftOutLines, readReport } from './test-report.mjs';

const test = (title: string, status: string) => ({ ancestorTitles: ['a server'], title, status });
const REPORT = {
  numPassedTests: 1,
  numFailedTests: 1,
  testResults: [
    {
      name: 'one.spec.ts',
      status: 'failed',
      assertionResults: [test('serves', 'passed'), test('closes', 'failed'), test('flies (needs wings)', 'skipped')],
    },
    { name: 'two.spec.ts', status: 'passed', assertionResults: [test('dreams', 'todo'), test('sleeps', 'pending')] },
    { name: 'broken.spec.ts', status: 'failed', assertionResults: [] },
  ],
};

describe('the report of a run', () => {
  it('counts a file that cannot be loaded as a failure, and names what was left out', () => {
    expect(readReport(REPORT)).toEqual({
      passed: 1,
      failed: 2,
      leftOut: [
        'one.spec.ts > a server > flies (needs wings)',
        'two.spec.ts > a server > dreams',
        'two.spec.ts > a server > sleeps',
      ],
    });
  });

  it('says what was left out, and in continuous integration as a failure', () => {
    expect(leftOutLines(['flies (needs wings)'], false)).toEqual(['skipped (CI=true makes this a failure): flies (needs wings)']);
    expect(leftOutLines(['flies (needs wings)'], true)).toEqual([
      'FAILED: not run, and CI must have what it needs: flies (needs wings)',
    ]);
  });

  it.each([
    [{}, false],
    [{ CI: '' }, false],
    [{ CI: '0' }, false],
    [{ CI: 'False' }, false],
    [{ CI: 'true' }, true],
    [{ CI: '1' }, true],
  ])('knows continuous integration by %j', (environment, expected) => {
    expect(isContinuousIntegration(environment)).toBe(expected);
  });
});
