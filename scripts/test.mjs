// `npm test`: installs what is missing, builds, runs every gate and every test. The last line is `N passed, N failed`.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, finish, install, root, runNode } from './bootstrap.mjs';
import { leftoversOf } from './leftovers.mjs';
import { ensureSystemPackages } from './system-packages.mjs';
import { asksForEveryTest, leftOutLines, readReport } from './test-report.mjs';

const PROJECTS = ['unit', 'e2e-untimed', 'unit-timed', 'e2e', 'browser', 'interop', 'clients'];
const isStrict = asksForEveryTest(process.env);

function readReportAt(path) {
  try {
    return readReport(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    return { passed: 0, failed: 1, leftOut: [] };
  }
}

/** Runs the projects in a temporary folder of their own, and says what they leave in it. */
async function runVitest(projects) {
  const folder = mkdtempSync(join(tmpdir(), 'telefuser-test-'));
  // Tests run programs as other users; what lies in it is nobody's to list.
  chmodSync(folder, 0o711);
  const temporary = join(folder, 'tmp');
  mkdirSync(temporary);
  chmodSync(temporary, 0o1777);
  try {
    const report = join(folder, 'report.json');
    const code = await runNode(
      [
        join(root, 'node_modules', 'vitest', 'vitest.mjs'),
        'run',
        ...projects.map((name) => `--project=${name}`),
        '--reporter=default',
        '--reporter=json',
        `--outputFile.json=${report}`,
      ],
      { TMPDIR: temporary },
    );
    const result = readReportAt(report);
    const left = await leftoversOf(temporary);
    for (const line of left) console.log(`left behind: ${line}`);
    // A failure outside every test (an unhandled rejection, for one) still fails the run.
    return code !== 0 && result.failed === 0 ? { ...result, failed: 1 } : result;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Installs the tools of the client tests, in a process of its own: they need nothing of what is installed meanwhile. */
async function clientTools() {
  const child = spawn(process.execPath, [join(root, 'scripts', 'client-tools.mjs')], { stdio: ['ignore', 2, 2] });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error('the tools of the client tests could not be installed; the messages above say why');
}

/** Runs what can run, and collects in `problems` what failed outside the tests. */
async function testEverything(problems) {
  const { unavailable, remedy } = ensureSystemPackages();
  if (remedy !== undefined) console.error(remedy);
  for (const project of unavailable) problems.push(`${project} tests could not run. ${remedy}`);
  const tools = unavailable.has('clients') ? undefined : clientTools();
  // Whatever becomes of it is looked at when the dependencies are there.
  tools?.catch(() => undefined);
  if (install().lockChanged) problems.push('package-lock.json does not match package.json (npm rewrote it)');
  await tools?.catch((error) => {
    unavailable.add('clients');
    problems.push(`clients tests could not run: ${error.message}`);
  });

  const gates = await runNode([join(root, 'scripts', 'check.mjs')]);
  if (gates !== 0) problems.push('npm run check: a gate failed, its summary is above');
  // The gates have built the server; this says why if they could not, and nothing otherwise.
  build();
  return runVitest(PROJECTS.filter((name) => !unavailable.has(name)));
}

finish(async () => {
  const problems = [];
  const { passed, failed, leftOut } = await testEverything(problems).catch((error) => {
    problems.push(error.message);
    return { passed: 0, failed: 0, leftOut: [] };
  });
  for (const problem of problems) console.log(`FAILED: ${problem}`);
  for (const line of leftOutLines(leftOut, isStrict)) console.log(line);
  if (leftOut.length > 0) console.log(`${leftOut.length} skipped`);
  const failures = failed + problems.length + (isStrict ? leftOut.length : 0);
  console.log(`${passed} passed, ${failures} failed`);
  return failures === 0 ? 0 : 1;
});
