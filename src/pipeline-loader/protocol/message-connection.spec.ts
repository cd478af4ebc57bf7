import { duplexPair, type Duplex } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { MessageConnection } from './message-connection.js';
import type { RawMessage } from './message-decoder.js';
import { encodeMessage } from './message-encoder.js';

const MIB = 1024 * 1024;
const open: MessageConnection[] = [];

afterEach(() => {
  for (const connection of open.splice(0)) connection.close();
});

function connect(): { readonly host: Duplex; readonly heard: RawMessage[]; readonly connection: MessageConnection } {
  const [host, ours] = duplexPair();
  const heard: RawMessage[] = [];
  const connection = new MessageConnection('server', ours, {
    onMessage: (message) => void heard.push(message),
    onClose: () => undefined,
  });
  open.push(connection);
  host.on('error', () => undefined);
  return { host, heard, connection };
}

/** Writes the same message as fast as it is taken, for a while. Returns how many were taken. */
async function flood(host: Duplex, header: object, durationMs: number): Promise<number> {
  const message = Buffer.concat(encodeMessage(header, [], MIB));
  let written = 0;
  for (const end = performance.now() + durationMs; performance.now() < end;) {
    if (host.writableNeedDrain) await setTimeout(1);
    else {
      host.write(message);
      written += 1;
    }
  }
  return written;
}

describe('MessageConnection of the server', () => {
  it('reads a host later that says too much', async () => {
    const { host, heard } = connect();
    await flood(host, { type: 'log', level: 'info', text: 'x'.repeat(100_000) }, 1500);
    const megabytes = (heard.length * 100_000) / MIB;
    expect(megabytes).toBeGreaterThan(8);
    expect(megabytes).toBeLessThan(24);
    // It is held up, not cut off.
    const before = heard.length;
    await vi.waitFor(() => expect(heard.length).toBeGreaterThan(before), 3000);
  });

  it('reads a host later that says little very often', async () => {
    const { host, heard } = connect();
    await flood(host, { type: 'pong', id: 1 }, 1500);
    expect(heard.length).toBeGreaterThan(8000);
    expect(heard.length).toBeLessThan(24_000);
  });

  it('counts bytes that no credit paces', async () => {
    const { host, heard } = connect();
    const body = Buffer.alloc(4 * MIB);
    for (let count = 0; count < 16; count += 1)
      for (const piece of encodeMessage({ type: 'nothing' }, [body], MIB)) host.write(piece);
    await vi.waitFor(() => expect(heard.length).toBeGreaterThanOrEqual(2), 1000);
    await setTimeout(1000);
    expect(heard.length).toBeLessThan(8);
  });

  it('does not count media', async () => {
    const { host, heard } = connect();
    const frame = Buffer.alloc(4 * MIB);
    for (let count = 0; count < 16; count += 1)
      for (const piece of encodeMessage({ type: 'chunk' }, [frame], MIB)) host.write(piece);
    await vi.waitFor(() => expect(heard).toHaveLength(16), 1000);
  });
});
