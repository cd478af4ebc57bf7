/** What a figure was taken on and with. */
import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';
import { launchChromium } from '../support/chromium.ts';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly node: string;
  readonly chromium: string;
  /** Of the server that was measured; `+` when files were changed. */
  readonly revision: string;
  /** ISO 8601. */
  readonly takenAt: string;
}

export async function describeMachine(): Promise<Machine> {
  await using chromium = await launchChromium();
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    node: process.versions.node,
    chromium: chromium.context.browser()?.version() ?? 'unknown',
    revision: git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain', 'src', 'pipelines') === '' ? '' : '+'),
    takenAt: new Date().toISOString().slice(0, 16).concat('Z'),
  };
}

/** Empty where there is no repository. */
function git(...args: readonly string[]): string {
  try {
    return execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], timeout: 10_000 }).trim();
  } catch {
    return '';
  }
}
