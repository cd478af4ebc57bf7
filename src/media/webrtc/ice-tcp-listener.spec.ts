import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { IceTcpListener, type RemoteAddress, type TcpAgent } from './ice-tcp-listener.js';

/** An agent that knows its connections by their first byte. */
class LetterAgent implements TcpAgent {
  readonly adopted: { readonly socket: Socket; readonly remote: RemoteAddress }[] = [];
  received = '';

  constructor(private readonly letter: string) {}

  recognises(check: Buffer): boolean {
    return check.toString('latin1').startsWith(this.letter);
  }

  adopt(socket: Socket, remote: RemoteAddress): void {
    this.adopted.push({ socket, remote });
    socket.on('data', (data) => (this.received += data.toString('latin1')));
  }
}

function frame(text: string, bytes = text.length): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes);
  return Buffer.concat([length, Buffer.from(text, 'latin1')]);
}

describe('IceTcpListener', () => {
  let listener: IceTcpListener;
  const [a, b] = [new LetterAgent('a'), new LetterAgent('b')];
  const sockets: Socket[] = [];

  beforeEach(async () => {
    listener = await IceTcpListener.listen(0);
  });
  afterEach(() => {
    for (const socket of [...sockets, ...a.adopted.map(({ socket: one }) => one)]) socket.destroy();
    for (const agent of [a, b]) {
      agent.adopted.length = 0;
      agent.received = '';
    }
    listener.close();
  });

  async function dial(): Promise<Socket> {
    const socket = connect({ host: '127.0.0.1', port: listener.port, noDelay: true });
    sockets.push(socket);
    await once(socket, 'connect');
    return socket;
  }

  it('hands a connection to the agent that recognises its first frame, with all that was sent', async () => {
    listener.join(b);
    listener.join(a);
    const socket = await dial();
    const whole = Buffer.concat([frame('a check'), frame('more')]);
    for (const byte of whole) await new Promise((resolve) => socket.write(Buffer.from([byte]), resolve));
    await expect.poll(() => a.received).toBe(whole.toString('latin1'));
    expect(a.adopted[0]?.remote).toEqual({ host: '127.0.0.1', port: socket.localPort });
    expect(b.adopted).toEqual([]);
  });

  it.each([
    ['nobody recognises', frame('c check')],
    ['is recognised by an agent that has left', frame('b check')],
    ['is longer than a check is', frame('a', 1025)],
    ['is empty', frame('')],
  ])('cuts a connection whose first frame %s', async (_what, bytes) => {
    listener.join(a);
    listener.join(b);
    listener.leave(b);
    const socket = await dial();
    const closed = once(socket.resume(), 'close');
    socket.write(bytes);
    await closed;
    expect([...a.adopted, ...b.adopted]).toEqual([]);
  });

  it('cuts the oldest of those that say nothing when there is one too many, so that they keep nobody out', async () => {
    listener.join(a);
    const [oldest] = await Promise.all(Array.from({ length: 64 }, dial));
    await expect.poll(() => listener.unknownConnections).toBe(64);
    const closed = once((oldest as Socket).resume(), 'close');
    const late = await dial();
    late.write(frame('a check'));
    await closed;
    await expect.poll(() => a.adopted.length).toBe(1);
    await expect.poll(() => listener.unknownConnections).toBe(63);
  });

  it('cuts those of the address that has most of them first', async () => {
    listener.join(a);
    const other = connect({ host: '127.0.0.1', port: listener.port, localAddress: '127.0.0.2', noDelay: true });
    sockets.push(other);
    await once(other, 'connect');
    await expect.poll(() => listener.unknownConnections).toBe(1);
    await Promise.all(Array.from({ length: 100 }, dial));
    await expect.poll(() => listener.unknownConnections).toBe(64);
    other.write(frame('a check'));
    await expect.poll(() => a.adopted.length).toBe(1);
    expect(a.adopted[0]?.remote.host).toBe('127.0.0.2');
  });

  it('cuts what nobody has adopted when it closes', async () => {
    const socket = await dial();
    await expect.poll(() => listener.unknownConnections).toBe(1);
    const closed = once(socket.resume(), 'close');
    listener.close();
    await closed;
  });
});
