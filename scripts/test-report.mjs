// What vitest's JSON report says, in the words of `npm test`.

/** A title that names what a machine lacks ends with this. */
const isLeftOut = ({ status }) => status !== 'passed' && status !== 'failed';

/**
 * @param report of vitest's reporter `json`
 * @returns how many tests passed and failed, and those that were left out, by file and title. A file that could not be loaded has no tests, and is
 *   one failure.
 */
export function readReport(report) {
  const brokenFiles = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  ).length;
  const leftOut = report.testResults.flatMap(({ name, assertionResults }) =>
    assertionResults.filter(isLeftOut).map(({ ancestorTitles, title }) => [name, ...ancestorTitles, title].join(' > ')),
  );
  return { passed: report.numPassedTests, failed: report.numFailedTests + brokenFiles, leftOut };
}

/** Whether the environment asks for every test: then everything must be there that a test needs. */
export function asksForEveryTest({ REQUIRE_ALL_TESTS: value = '' }) {
  return value !== '' && value !== '0' && value.toLowerCase() !== 'false';
}

/** What is said of tests that were left out: a line each. Where every test is asked for, each is a failure. */
export function leftOutLines(leftOut, isStrict) {
  return leftOut.map((title) =>
    isStrict
      ? `FAILED: not run for want of what it needs: ${title}`
      : `skipped (REQUIRE_ALL_TESTS=1 makes this a failure): ${title}`,
  );
}
