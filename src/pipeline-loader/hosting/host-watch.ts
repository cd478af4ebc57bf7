import type { ProcessUsage } from './host-usage.js';

export interface HostWatchOptions {
  readonly hangTimeoutMs: number;
  /** Bytes of resident memory. */
  readonly memoryLimitBytes: number;
}

/** What is watched. */
export interface WatchedHost {
  /** Undefined when it cannot be told. */
  usage(): ProcessUsage | undefined;
  ping(id: number): void;
  /** Called at most once, with the reason in words that follow "the pipeline's process". */
  end(reason: string): void;
}

/** How often a host is looked at: memory can grow by some 100 MB in this time. */
const PERIOD_MS = 250;
/** More threads than any honest pipeline has. */
const MAX_THREADS = 2048;
/** Looks at a suspended process before it is given up: one may be a debugger's or a checkpoint's short stop. */
const MAX_SUSPENDED_LOOKS = 3;

/**
 * Ends a host that takes too much, hangs or is suspended. A heartbeat is answered by the loop that reads the pipe, so what misses is a process in
 * which nothing gets its turn: an endless loop, a library that holds the interpreter, a stopped process.
 */
export class HostWatch {
  #timer: NodeJS.Timeout | undefined;
  #usage: ProcessUsage | undefined;
  #pingId = 0;
  #pingedAtMs: number | undefined;
  #lookedAtMs = performance.now();
  #suspendedLooks = 0;

  constructor(
    private readonly host: WatchedHost,
    private readonly options: HostWatchOptions,
  ) {}

  /** The last look. */
  get usage(): ProcessUsage | undefined {
    return this.#usage;
  }

  /** Memory is watched from now on. */
  start(): void {
    this.#timer = setInterval(() => this.#look(), PERIOD_MS);
    this.#timer.unref();
  }

  /** Heartbeats begin: the host has said that it is ready. */
  expectHeartbeats(): void {
    this.#ping();
  }

  pong(id: number): void {
    if (id !== this.#pingId) return;
    this.#pingedAtMs = undefined;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const nowMs = performance.now();
    // When this process itself had no turn, the answer may lie unread in its pipe: that time does not count.
    const lateMs = nowMs - this.#lookedAtMs - PERIOD_MS;
    if (lateMs > PERIOD_MS && this.#pingedAtMs !== undefined) this.#pingedAtMs += lateMs;
    this.#lookedAtMs = nowMs;
    this.#usage = this.host.usage();
    const reason = this.#excess() ?? this.#suspension() ?? this.#silence(nowMs);
    if (reason === undefined) return;
    this.stop();
    this.host.end(reason);
  }

  #excess(): string | undefined {
    const usage = this.#usage;
    if (usage === undefined) return undefined;
    const { memoryLimitBytes } = this.options;
    if (usage.residentBytes > memoryLimitBytes) {
      return `used ${inMib(usage.residentBytes)} MiB of memory, more than its limit of ${inMib(memoryLimitBytes)} MiB (TELEFUSER_PIPELINE_MEMORY_LIMIT_MIB)`;
    }
    return usage.threads > MAX_THREADS ? `had ${usage.threads} threads, more than its limit of ${MAX_THREADS}` : undefined;
  }

  #suspension(): string | undefined {
    this.#suspendedLooks = this.#usage?.suspended === true ? this.#suspendedLooks + 1 : 0;
    return this.#suspendedLooks > MAX_SUSPENDED_LOOKS ? 'was suspended by a signal' : undefined;
  }

  #silence(nowMs: number): string | undefined {
    // Before the first heartbeat there is nothing to answer.
    if (this.#pingId === 0) return undefined;
    if (this.#pingedAtMs === undefined) {
      this.#ping();
      return undefined;
    }
    const { hangTimeoutMs } = this.options;
    if (nowMs - this.#pingedAtMs < hangTimeoutMs) return undefined;
    return `hung: it did not answer for ${hangTimeoutMs / 1000} s (TELEFUSER_PIPELINE_HANG_TIMEOUT_SECONDS)`;
  }

  #ping(): void {
    this.#pingId += 1;
    this.#pingedAtMs = performance.now();
    this.host.ping(this.#pingId);
  }
}

function inMib(bytes: number): number {
  return Math.round(bytes / 1024 / 1024);
}
