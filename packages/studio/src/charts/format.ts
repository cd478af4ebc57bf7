export interface Formatted {
  readonly value: string;
  readonly unit: string;
}

export function formatBitrate(bitsPerSecond: number): Formatted {
  return bitsPerSecond >= 1_000_000
    ? { value: (bitsPerSecond / 1_000_000).toFixed(bitsPerSecond < 10_000_000 ? 2 : 1), unit: 'Mbit/s' }
    : { value: (bitsPerSecond / 1000).toFixed(0), unit: 'kbit/s' };
}

export const formatMs = (ms: number): Formatted => ({ value: ms < 10 ? ms.toFixed(1) : ms.toFixed(0), unit: 'ms' });

export const formatPercent = (fraction: number): Formatted => ({ value: (fraction * 100).toFixed(1), unit: '%' });

export const formatCount = (count: number): Formatted => ({
  value: count.toFixed(count < 10 && count % 1 !== 0 ? 1 : 0),
  unit: '',
});
