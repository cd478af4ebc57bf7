/** Viewers that only count, in a process of their own: `receivers-process.ts <url> <count>`, with an IPC channel. */
import { CountingReceiver, type Counts } from './counting-receiver.ts';

export type ReceiversMessage =
  | { readonly type: 'ready' }
  | { readonly type: 'counts'; readonly atMs: number; readonly counts: readonly Counts[] }
  | { readonly type: 'failed'; readonly message: string };

const say = (message: ReceiversMessage): void => void process.send?.(message);

async function main(url: string, count: number): Promise<void> {
  const receivers: CountingReceiver[] = [];
  while (receivers.length < count) receivers.push(await CountingReceiver.connect(url));
  process.on('message', (request: 'count' | 'close') => {
    if (request === 'count') {
      say({ type: 'counts', atMs: performance.now(), counts: receivers.map((receiver) => receiver.counts) });
    } else void Promise.all(receivers.map((receiver) => receiver.close())).then(() => process.exit(0));
  });
  say({ type: 'ready' });
}

process.on('disconnect', () => process.exit(0));
const [url = '', count = '1'] = process.argv.slice(2);
main(url, Number(count)).catch((error: unknown) => say({ type: 'failed', message: String(error) }));
