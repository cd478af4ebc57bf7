import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';

import { waitFor } from './condition.ts';

/** Runs what follows it as PID 1 of a PID namespace of its own, with a /proc of its own; its end is theirs. */
const AS_PID_1 = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child'] as const;
/** The same for who is not root, where the kernel lets everybody make user namespaces. */
const AS_PID_1_OF_A_USER = ['unshare', '--user', '--map-root-user', ...AS_PID_1.slice(1)] as const;

/** The launcher that works here, or undefined where the kernel refuses namespaces. */
export function pidNamespaceLauncher(): readonly string[] | undefined {
  return [AS_PID_1, AS_PID_1_OF_A_USER].find(
    ([file, ...args]) => spawnSync(file, [...args, 'true'], { stdio: 'ignore', timeout: 5000 }).status === 0,
  );
}

/** The process that a launcher runs, by its id outside the namespace. @throws when it is not PID 1 of one */
export async function pidBehind(launcherPid: number): Promise<number> {
  const pid = await waitFor('the process in the namespace', async () => {
    const [child] = (await readFile(`/proc/${launcherPid}/task/${launcherPid}/children`, 'utf8')).split(' ');
    return child === undefined || child === '' ? undefined : Number(child);
  });
  const pids = /^NSpid:\s+(.*)$/mu.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]?.split(/\s+/u) ?? [];
  if (pids.length < 2 || pids.at(-1) !== '1') throw new Error(`process ${pid} is not PID 1 of a namespace: ${pids.join(' ')}`);
  return pid;
}
