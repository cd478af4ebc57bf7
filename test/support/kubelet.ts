import { setTimeout as sleep } from 'node:timers/promises';

import { waitFor } from './condition.ts';

/** A probe as a pod's manifest has it (`httpGet`), with milliseconds for seconds. */
export interface ProbeSpec {
  readonly path: string;
  readonly periodMs: number;
  readonly timeoutMs: number;
  readonly failureThreshold: number;
}

export interface PodSpec {
  readonly startup: ProbeSpec;
  readonly liveness: ProbeSpec;
  readonly readiness: ProbeSpec;
}

/** One answer of a probe; no status when there was none in time. */
export interface Probed {
  readonly probe: keyof PodSpec;
  readonly atMs: number;
  readonly status: number | undefined;
  readonly body: Readonly<Record<string, unknown>>;
}

/**
 * What Kubernetes does with the probes of one container: nothing but the startup probe until that succeeds; then the readiness probe decides whether
 * the pod is sent requests, and the liveness probe whether the container is killed. One success is enough for each. It only watches and decides;
 * `begin` again after a restart.
 */
export class FakeKubelet implements AsyncDisposable {
  /** Decisions, in their order, each once: `started`, `ready`, `unready`, `kill`. */
  readonly decisions: string[] = [];
  readonly answers: Probed[] = [];
  private readonly beganAtMs = performance.now();
  private readonly ended = new AbortController();
  private readonly loops: Promise<void>[] = [];

  private readonly url: string;
  private readonly pod: PodSpec;

  constructor(url: string, pod: PodSpec) {
    this.url = url;
    this.pod = pod;
  }

  begin(): this {
    this.loops.push(this.watch());
    return this;
  }

  /** Waits until the decisions are exactly these. */
  async decided(...expected: readonly string[]): Promise<void> {
    await waitFor(
      () => `${expected.join(', ')}; there is ${this.decisions.join(', ')}, after ${JSON.stringify(this.answers.slice(-3))}`,
      () => this.decisions.join() === expected.join(),
      40_000,
    );
  }

  of(probe: keyof PodSpec): Probed[] {
    return this.answers.filter((answer) => answer.probe === probe);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.ended.abort();
    await Promise.all(this.loops);
  }

  private async watch(): Promise<void> {
    const started = await this.each('startup', (up) => up);
    if (this.ended.signal.aborted) return;
    this.decisions.push(started ? 'started' : 'kill');
    if (!started) return;
    const over = new AbortController();
    const readiness = this.each('readiness', (up) => this.setReady(up), over.signal);
    if (!(await this.each('liveness', () => undefined)) && !this.ended.signal.aborted) this.decisions.push('kill');
    over.abort();
    await readiness;
  }

  private setReady(up: boolean): void {
    const state = up ? 'ready' : 'unready';
    const last = this.decisions.findLast((decision) => decision === 'ready' || decision === 'unready') ?? 'unready';
    if (state !== last) this.decisions.push(state);
  }

  /**
   * Probes again and again. `onVerdict` hears what is decided: up at each success, down at each failure from the threshold on.
   * @returns true when `onVerdict` says so, false when the failures have reached the threshold, but for readiness, which goes on
   */
  private async each(name: keyof PodSpec, onVerdict: (up: boolean) => boolean | void, over?: AbortSignal): Promise<boolean> {
    const { periodMs, failureThreshold } = this.pod[name];
    let failures = 0;
    const ended = over === undefined ? this.ended.signal : AbortSignal.any([this.ended.signal, over]);
    while (!ended.aborted) {
      const { status } = await this.probe(name);
      failures = status === 200 ? 0 : failures + 1;
      if (failures === 0 && onVerdict(true) === true) return true;
      if (failures >= failureThreshold) {
        onVerdict(false);
        if (name !== 'readiness') return false;
      }
      await sleep(periodMs, undefined, { signal: ended }).catch(() => undefined);
    }
    return false;
  }

  private async probe(name: keyof PodSpec): Promise<Probed> {
    const { path, timeoutMs } = this.pod[name];
    const atMs = performance.now() - this.beganAtMs;
    let answer: Probed = { probe: name, atMs, status: undefined, body: {} };
    try {
      const response = await fetch(new URL(path, this.url), {
        signal: AbortSignal.timeout(timeoutMs),
        headers: { connection: 'close' },
      });
      answer = { probe: name, atMs, status: response.status, body: (await response.json()) as Readonly<Record<string, unknown>> };
    } catch {
      // No answer is an answer.
    }
    this.answers.push(answer);
    return answer;
  }
}
