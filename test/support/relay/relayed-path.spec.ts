import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import type { Address } from './candidates.ts';
import { RelayedPath } from './relayed-path.ts';

const HOST = '127.0.0.1';
const STUN = Buffer.from([0, 1, 0, 0]);
const DTLS = Buffer.from([22, 254, 253, 0]);
const RTP = Buffer.from([0x80, 96, 0, 1]);
const RTCP = Buffer.from([0x80, 200, 0, 1]);

describe('RelayedPath', () => {
  const closing: { close(): unknown }[] = [];
  afterEach(() => {
    for (const one of closing.splice(0)) one.close();
  });

  async function open(): Promise<{ path: RelayedPath; client: Socket; server: Socket }> {
    const path = await RelayedPath.open(HOST, { down: {}, up: {}, seed: 1 });
    const [client, server] = [await bound(), await bound()];
    closing.push(path);
    path.connect({ host: HOST, port: server.address().port });
    return { path, client, server };
  }

  async function bound(): Promise<Socket> {
    const socket = createSocket('udp4').bind(0, HOST);
    closing.push(socket);
    await once(socket, 'listening');
    return socket;
  }

  /** Sends, and gives what arrives at the other end and from where. */
  async function pass(packet: Buffer, from: Socket, { port, host }: Address, to: Socket): Promise<[Buffer, number]> {
    const received = once(to, 'message') as Promise<[Buffer, { port: number }]>;
    from.send(packet, port, host);
    const [data, { port: source }] = await received;
    return [data, source];
  }

  it('carries packets both ways, and is each end for the other', async () => {
    const { path, client, server } = await open();
    expect(await pass(STUN, client, path.clientSide, server)).toEqual([STUN, path.serverSide.port]);
    expect(await pass(DTLS, server, path.serverSide, client)).toEqual([DTLS, path.clientSide.port]);
  });

  it('stays with the address that made the handshake', async () => {
    const { path, client, server } = await open();
    const other = await bound();
    await pass(DTLS, client, path.clientSide, server);
    await pass(STUN, other, path.clientSide, server);
    expect((await pass(RTP, server, path.serverSide, client))[0]).toEqual(RTP);
  });

  it('lets media begin with the first RTP packet of the server', async () => {
    const { path, client, server } = await open();
    await pass(STUN, client, path.clientSide, server);
    await pass(RTCP, server, path.serverSide, client);
    expect(path.report().mediaBeganUnixMs).toBeUndefined();
    await pass(RTP, server, path.serverSide, client);
    expect(path.report().mediaBeganUnixMs).toBeCloseTo(Date.now(), -4);
  });
});
