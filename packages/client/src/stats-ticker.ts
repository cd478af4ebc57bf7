/** Takes a value every so often while it is wanted; one that takes longer delays the next. */
export class StatsTicker<T> {
  /** Of the ticks since the last start; undefined while nothing is wanted. */
  #run: object | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param take undefined, or a rejection: there is none this time. */
  constructor(
    private readonly intervalMs: number,
    private readonly take: () => Promise<T | undefined>,
    private readonly tell: (value: T) => void,
  ) {}

  /** Idempotent. */
  start(): void {
    if (this.#run !== undefined) return;
    const run = {};
    this.#run = run;
    const tick = async (isFirst: boolean): Promise<void> => {
      const beganAtMs = performance.now();
      const value = await this.take().catch(() => undefined);
      if (this.#run !== run) return;
      // The first only says where the interval begins.
      if (value !== undefined && !isFirst) this.tell(value);
      this.#timer = setTimeout(() => void tick(false), Math.max(0, this.intervalMs - (performance.now() - beganAtMs)));
    };
    void tick(true);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#run = undefined;
  }
}
