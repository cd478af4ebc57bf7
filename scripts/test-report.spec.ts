import { describe, expect, it } from 'vitest';
import { asksForEveryTest, leftOutLines, readReport } from './test-report.mjs';

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

  it('says what was left out, and as a failure where every test is asked for', () => {
    expect(leftOutLines(['flies (needs wings)'], false)).toEqual([
      'skipped (REQUIRE_ALL_TESTS=1 makes this a failure): flies (needs wings)',
    ]);
    expect(leftOutLines(['flies (needs wings)'], true)).toEqual([
      'FAILED: not run for want of what it needs: flies (needs wings)',
    ]);
  });

  it.each([
    [{}, false],
    [{ REQUIRE_ALL_TESTS: '' }, false],
    [{ REQUIRE_ALL_TESTS: '0' }, false],
    [{ REQUIRE_ALL_TESTS: 'False' }, false],
    [{ REQUIRE_ALL_TESTS: 'true' }, true],
    [{ REQUIRE_ALL_TESTS: '1' }, true],
  ])('knows by %j whether every test is asked for', (environment, expected) => {
    expect(asksForEveryTest(environment)).toBe(expected);
  });
});
