/** What a client may still ask, as it is told with every answer. */
export interface RateVerdict {
  readonly allowed: boolean;
  readonly limit: number;
  readonly windowSeconds: number;
  /** Requests that are left in this window. */
  readonly remaining: number;
  /** Whole seconds until the window ends, at least 1. */
  readonly resetSeconds: number;
  /** Whether this is the first refusal of the window: the one to log. */
  readonly firstRefusal: boolean;
}

interface Window {
  readonly endsAtMs: number;
  used: number;
}

const MAX_CLIENTS = 10_000;

/**
 * Counts requests by client in fixed windows, each of which begins with a client's first request. At most 10,000 clients are remembered: when
 * there are more, the window that began first is forgotten, so that memory stays bounded whoever asks. Pure but for its memory; the caller
 * has the clock.
 */
export class RateLimiter {
  /** In the order in which the windows began, which is that in which they end. */
  private readonly windows = new Map<string, Window>();

  constructor(
    private readonly limit: number,
    private readonly windowMs: number,
    private readonly maxClients = MAX_CLIENTS,
  ) {}

  /** Counts one request. */
  take(client: string, nowMs: number): RateVerdict {
    const window = this.windowOf(client, nowMs);
    window.used = Math.min(window.used + 1, this.limit + 2);
    return {
      allowed: window.used <= this.limit,
      limit: this.limit,
      windowSeconds: this.windowMs / 1000,
      remaining: Math.max(0, this.limit - window.used),
      resetSeconds: Math.max(1, Math.ceil((window.endsAtMs - nowMs) / 1000)),
      firstRefusal: window.used === this.limit + 1,
    };
  }

  private windowOf(client: string, nowMs: number): Window {
    const known = this.windows.get(client);
    if (known !== undefined && known.endsAtMs > nowMs) return known;
    this.windows.delete(client);
    for (const [other, { endsAtMs }] of this.windows) {
      if (endsAtMs > nowMs && this.windows.size < this.maxClients) break;
      this.windows.delete(other);
    }
    const window = { endsAtMs: nowMs + this.windowMs, used: 0 };
    this.windows.set(client, window);
    return window;
  }
}

/** The header fields of draft-ietf-httpapi-ratelimit-headers-10: the policy, and what is left of it. */
export function rateLimitHeaders({
  limit,
  windowSeconds,
  remaining,
  resetSeconds,
}: RateVerdict): Readonly<Record<string, string>> {
  return {
    'ratelimit-policy': `"default";q=${limit};w=${windowSeconds}`,
    ratelimit: `"default";r=${remaining};t=${resetSeconds}`,
  };
}
