/** Takes a value every so often while it is wanted; one that takes longer delays the next. */
export class StatsTicker<T> {
  #run: AbortController | undefined;

  /** @param take undefined, or a rejection: there is none this time. */
  constructor(
    private readonly intervalMs: number,
    private readonly take: () => Promise<T | undefined>,
    private readonly tell: (value: T) => void,
  ) {}

  /** Idempotent. */
  start(): void {
    if (this.#run !== undefined) return;
    const run = new AbortController();
    this.#run = run;
    const tick = async (isFirst: boolean): Promise<void> => {
      const beganAtMs = performance.now();
      const value = await this.take().catch(() => undefined);
      if (run.signal.aborted) return;
      // The first only says where the interval begins.
      if (value !== undefined && !isFirst) this.tell(value);
      const timer = setTimeout(() => void tick(false), Math.max(0, this.intervalMs - (performance.now() - beganAtMs)));
      run.signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
    };
    void tick(true);
  }

  stop(): void {
    this.#run?.abort();
    this.#run = undefined;
  }
}
