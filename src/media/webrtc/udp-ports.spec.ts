import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { bindWithin, UdpPortsExhaustedError } from './udp-ports.js';

const [FIRST, LAST] = [39_870, 39_873];

describe('bindWithin', () => {
  const sockets: Socket[] = [];

  function socket(family: 'udp4' | 'udp6' = 'udp4'): Socket {
    const made = createSocket(family);
    sockets.push(made);
    return made;
  }

  async function close(one: Socket): Promise<void> {
    const closed = once(one, 'close');
    one.close();
    await closed;
    sockets.splice(sockets.indexOf(one), 1);
  }

  afterEach(async () => {
    for (const one of [...sockets]) await close(one).catch(() => undefined);
    sockets.length = 0;
  });

  it('gives sockets that are bound at the same time different ports of the range', async () => {
    const all = [socket(), socket('udp6'), socket(), socket()];
    await Promise.all(all.map((one) => bindWithin(one, FIRST, LAST)));
    expect(all.map((one) => one.address().port).toSorted((a, b) => a - b)).toEqual([39_870, 39_871, 39_872, 39_873]);
  });

  it('passes by a port that somebody else has', async () => {
    const other = socket();
    const listening = once(other, 'listening');
    other.bind(FIRST);
    await listening;
    const one = socket();
    await bindWithin(one, FIRST, FIRST + 1);
    expect(one.address().port).toBe(FIRST + 1);
  });

  it('says that the range is exhausted, and takes a port that was given back', async () => {
    const first = socket();
    await bindWithin(first, FIRST, FIRST);
    const second = createSocket('udp4');
    const closed = once(second, 'close');
    await expect(bindWithin(second, FIRST, FIRST)).rejects.toThrow(UdpPortsExhaustedError);
    await closed;
    await close(first);
    const third = socket();
    await bindWithin(third, FIRST, FIRST);
    expect(third.address().port).toBe(FIRST);
  });
});
