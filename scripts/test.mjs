// `npm test`: installs what is missing, builds, runs every gate and every test. The last line is `N passed, N failed`.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, finish, install, root, runNode } from './bootstrap.mjs';
import { ensureClientTools } from './client-tools.mjs';
import { ensureSystemPackages } from './system-packages.mjs';

const PROJECTS = ['unit', 'e2e', 'browser', 'interop', 'clients'];

/** Counts of vitest's JSON report. A file that could not be loaded has no tests, and is one failure. */
function countsOf(reportPath) {
  try {
    const report = JSON.parse(readFileSync(reportPath, 'utf8'));
    const brokenFiles = report.testResults.filter(
      (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
    ).length;
    return { passed: report.numPassedTests, failed: report.numFailedTests + brokenFiles, skipped: report.numPendingTests };
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  }
}

async function runVitest(projects) {
  const folder = mkdtempSync(join(tmpdir(), 'telefuser-test-'));
  try {
    const report = join(folder, 'report.json');
    const code = await runNode([
      join(root, 'node_modules', 'vitest', 'vitest.mjs'),
      'run',
      ...projects.map((name) => `--project=${name}`),
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
    ]);
    const counts = countsOf(report);
    // A failure outside every test (an unhandled rejection, for one) still fails the run.
    return code !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs what can run, and collects in `problems` what failed outside the tests. */
async function testEverything(problems) {
  if (install().lockChanged) problems.push('package-lock.json does not match package.json (npm rewrote it)');
  const { unavailable, remedy } = ensureSystemPackages();
  if (unavailable.size > 0) console.error(remedy);
  if (!unavailable.has('clients')) {
    try {
      ensureClientTools();
    } catch (error) {
      unavailable.add('clients');
      problems.push(error.message);
    }
  }
  for (const project of unavailable) problems.push(`${project} tests could not run. ${remedy}`);

  const gates = await runNode([join(root, 'scripts', 'check.mjs')]);
  if (gates !== 0) problems.push('npm run check: a gate failed, its summary is above');
  // The gates have built the server; this says why if they could not, and nothing otherwise.
  build();
  return runVitest(PROJECTS.filter((name) => !unavailable.has(name)));
}

finish(async () => {
  const problems = [];
  const counts = await testEverything(problems).catch((error) => {
    problems.push(error.message);
    return { passed: 0, failed: 0, skipped: 0 };
  });
  for (const problem of problems) console.log(`FAILED: ${problem}`);
  if (counts.skipped > 0) console.log(`${counts.skipped} skipped`);
  const failed = counts.failed + problems.length;
  console.log(`${counts.passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
});
