// What a run of the tests leaves behind: temporary files, and processes. Every program of the run has the run's own folder in TMPDIR, by which
// both are known.
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** A process that was told to end may take a moment. */
const GRACE_MS = 3000;
const POLL_INTERVAL_MS = 100;

/** Processes whose environment has this TMPDIR, by id and command line. Only Linux says. */
function processesOf(folder) {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/u.test(name));
  return pids.flatMap((pid) => {
    try {
      const variables = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
      if (!variables.includes(`TMPDIR=${folder}`)) return [];
      return [`process ${pid}: ${readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()}`];
    } catch {
      // It has ended, or is somebody else's.
      return [];
    }
  });
}

/**
 * What is left of a run when it is over, a line each: its processes that do not end, and what is in its folder.
 * @param folder the TMPDIR of the run
 */
export async function leftoversOf(folder, graceMs = GRACE_MS) {
  const endsAtMs = Date.now() + graceMs;
  const find = () => (process.platform === 'linux' ? processesOf(folder) : []);
  let processes = find();
  while (processes.length > 0 && Date.now() < endsAtMs) {
    await sleep(POLL_INTERVAL_MS);
    processes = find();
  }
  return [...processes, ...readdirSync(folder).map((name) => `file ${name}`)];
}
