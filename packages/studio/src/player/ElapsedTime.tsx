import { useEffect, useState, type ReactElement } from 'react';

/** Minutes and seconds since a time of `performance.now()`, on and on. */
export function ElapsedTime({ sinceMs }: { readonly sinceMs: number }): ReactElement {
  const [now, setNow] = useState(() => performance.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(performance.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  const seconds = Math.max(0, Math.floor((now - sinceMs) / 1000));
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const [hours = 0, ...rest] = parts;
  return <time>{[...(hours > 0 ? [String(hours)] : []), ...rest.map((part) => String(part).padStart(2, '0'))].join(':')}</time>;
}
