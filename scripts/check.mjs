// `npm run check [-- gate …]`: every gate, or the named ones. All of them run even if one fails; a gate's output is shown
// whole, when it ends, and the summary names every failure.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { build, finish, install, nodePath, root, toolEnvironment } from './bootstrap.mjs';

const AT_ONCE = 2;
const GATE_TIMEOUT_MS = 300_000;
const tool = (...path) => join(root, 'node_modules', ...path);
const redocly = tool('@redocly', 'cli', 'bin', 'cli.js');
const apiTypes = ['scripts/api-types.mjs'];
const typeCheck = (project) => [tool('typescript', 'bin', 'tsc'), '--noEmit', '--pretty', '-p', project];

/**
 * Each gate: its name, the commands (arguments of the pinned Node) that must all succeed, and whether it looks at `dist`.
 * Slow ones first.
 */
const GATES = [
  {
    name: 'types',
    commands: [
      // The build keeps its own incremental state in dist; checking must not write there.
      [...typeCheck('tsconfig.json'), '--tsBuildInfoFile', 'node_modules/.cache/tsc-server.tsbuildinfo'],
      typeCheck('tsconfig.pipelines.json'),
      typeCheck('tsconfig.test.json'),
      typeCheck('packages/client/tsconfig.spec.json'),
      typeCheck('packages/studio/tsconfig.json'),
    ],
  },
  { name: 'dead code', commands: [[tool('knip', 'bin', 'knip.js'), '--no-progress']] },
  { name: 'lint', commands: [[tool('oxlint', 'bin', 'oxlint'), '--type-aware', '--deny-warnings']] },
  { name: 'format', commands: [[tool('prettier', 'bin', 'prettier.cjs'), '--check', '--log-level=warn', '.']] },
  {
    name: 'boundaries',
    commands: [
      [
        tool('dependency-cruiser', 'bin', 'dependency-cruiser.mjs'),
        ...['src', 'pipelines', 'templates', 'packages', 'test', 'scripts', 'bin'].filter((folder) =>
          existsSync(join(root, folder)),
        ),
      ],
    ],
  },
  {
    name: 'openapi drift',
    commands: [
      ['dist/openapi.js', '--check'],
      [...apiTypes, '--check'],
    ],
    needsBuild: true,
  },
  // What a page that uses the client would notice.
  { name: 'client api', commands: [['scripts/client-api.mjs', '--check']], needsBuild: true },
  { name: 'openapi lint', commands: [[redocly, 'lint', 'openapi.json', 'openapi-3.1.json']] },
  // A change that a client of the released server would notice (see CONTRIBUTING.md).
  { name: 'openapi contract', commands: [['scripts/check-contract.mjs']] },
  { name: 'documents', commands: [['scripts/check-docs.mjs']] },
  { name: 'lock file', commands: [['scripts/check-lock.mjs']] },
];

const gateEnvironment = { ...toolEnvironment(), REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' };

/** Runs one command and resolves to whether it succeeded and all it said. */
function run(args) {
  return new Promise((resolve) => {
    const child = spawn(nodePath, args, {
      cwd: root,
      env: gateEnvironment,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: GATE_TIMEOUT_MS,
    });
    let output = '';
    const collect = (text) => {
      output += text;
    };
    child.stdout.setEncoding('utf8').on('data', collect);
    child.stderr.setEncoding('utf8').on('data', collect);
    child.once('error', (error) => resolve({ passed: false, output: `${output}${error.message}\n` }));
    child.once('close', (code, signal) => {
      const ending = signal === null ? '' : `stopped by ${signal} (a gate may take ${GATE_TIMEOUT_MS / 1000} s)\n`;
      resolve({ passed: code === 0, output: output + ending });
    });
  });
}

async function runGate({ name, commands }) {
  const startedMs = Date.now();
  const results = [];
  for (const command of commands) results.push(await run(command));
  const passed = results.every((result) => result.passed);
  const took = `${((Date.now() - startedMs) / 1000).toFixed(1)} s`;
  console.log(`${passed ? '✓' : '✗'} ${name} (${took})`);
  if (!passed) {
    const failures = results.filter((result) => !result.passed);
    console.log(
      failures
        .map((result) => result.output)
        .join('\n')
        .trimEnd()
        .replace(/^/gm, '    '),
    );
  }
  return passed;
}

finish(async () => {
  const wanted = process.argv.slice(2).map((word) => word.replaceAll('-', ' '));
  const unknown = wanted.filter((word) => !GATES.some(({ name }) => name === word));
  if (unknown.length > 0) {
    throw new Error(
      `No such gate: ${unknown.join(', ')}. Gates: ${GATES.map(({ name }) => name.replaceAll(' ', '-')).join(', ')}`,
    );
  }
  const failed = [];
  if (install().lockChanged) failed.push('lock file (npm rewrote it)');
  let isBuilt = true;
  try {
    build();
  } catch (error) {
    isBuilt = false;
    failed.push('build');
    console.log(`✗ build\n    ${error.message}`);
  }

  const gates = wanted.length > 0 ? GATES.filter(({ name }) => wanted.includes(name)) : GATES;
  const queue = [...gates];
  const worker = async () => {
    for (let gate = queue.shift(); gate !== undefined; gate = queue.shift()) {
      if (gate.needsBuild && !isBuilt) console.log(`- ${gate.name} (not run: there is no build)`);
      else if (!(await runGate(gate))) failed.push(gate.name);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  console.log(failed.length === 0 ? `All ${gates.length} gates passed.` : `Failed: ${failed.join(', ')}`);
  return failed.length === 0 ? 0 : 1;
});
