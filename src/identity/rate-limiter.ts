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
const IPV6_GROUPS = 8;

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
      // Of a clock with fractions the sum and the difference are not exact, and the window is not to seem longer than it is.
      resetSeconds: Math.min(this.windowMs / 1000, Math.max(1, Math.ceil((window.endsAtMs - nowMs) / 1000))),
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

/**
 * What an address is counted as: of IPv6 its network of 64 bits, since that is what one customer has (RFC 6177), with more addresses in it than could
 * ever be counted; of IPv4, also in IPv6's clothes, the address. Pure.
 */
export function countedAddress(address: string): string {
  if (!address.includes(':')) return address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/iu.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const [head = '', tail] = address.split('::');
  const groups = head === '' ? [] : head.split(':');
  const missing = tail === undefined ? 0 : Math.max(0, IPV6_GROUPS - groups.length - (tail === '' ? 0 : tail.split(':').length));
  const all = [...groups, ...Array<string>(missing).fill('0'), ...(tail ?? '').split(':')];
  return `${all
    .slice(0, IPV6_GROUPS / 2)
    .join(':')
    .toLowerCase()}::/64`;
}
