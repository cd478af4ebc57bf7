import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { classes, Message, methods, parseMessage, RTCPeerConnection } from 'werift';
import { mendIce } from './ice-mends.js';
import type { IceOptions } from './ice-options.js';

const OPTIONS: IceOptions = {
  iceServers: [],
  iceTransportPolicy: 'all',
  iceGatherTimeoutMs: 1000,
  hostAddresses: ['127.0.0.1'],
  announceInterfaces: false,
  udpPorts: undefined,
  tcp: undefined,
  permits: (address) => address !== '127.0.0.2',
};

describe('a mended ICE agent', () => {
  let connection: RTCPeerConnection;
  let port = 0;
  let username = '';
  let password = '';

  beforeEach(async () => {
    connection = new RTCPeerConnection({
      iceServers: [],
      iceAdditionalHostAddresses: ['127.0.0.1'],
      iceUseIpv4: false,
      iceUseIpv6: false,
    });
    connection.createDataChannel('x');
    const [transport] = connection.iceTransports;
    if (transport === undefined) throw new Error('no transport');
    mendIce(transport, OPTIONS);
    await connection.setLocalDescription(await connection.createOffer());
    port = transport.localCandidates[0]?.port ?? 0;
    ({ usernameFragment: username, password } = transport.localParameters);
  });
  afterEach(() => connection.close());

  /** Sends checks from an address, and tells the classes of what comes back until one from elsewhere has been answered. */
  async function answersTo(address: string, user: string, key: string | undefined): Promise<number[]> {
    const [socket, control] = [createSocket('udp4'), createSocket('udp4')];
    const received: number[] = [];
    try {
      for (const [one, at] of [
        [socket, address],
        [control, '127.0.0.1'],
      ] as const) {
        const listening = once(one, 'listening');
        one.bind(0, at);
        await listening;
      }
      socket.on('message', (datagram) => received.push(parseMessage(datagram)?.messageClass ?? -1));
      socket.send(check(user, key), port, '127.0.0.1');
      const answered = once(control, 'message');
      control.send(check(username, password), port, '127.0.0.1');
      await answered;
      return received;
    } finally {
      socket.close();
      control.close();
    }
  }

  function check(user: string, key: string | undefined): Buffer {
    const message = new Message(methods.BINDING, classes.REQUEST)
      .setAttribute('USERNAME', `${user}:peer`)
      .setAttribute('PRIORITY', 1)
      .setAttribute('ICE-CONTROLLED', 1n);
    if (key !== undefined) message.addMessageIntegrity(Buffer.from(key)).addFingerprint();
    return message.bytes;
  }

  it('has no STUN server of its own', () => {
    expect(connection.iceTransports[0]?.connection.stunServer).toBeUndefined();
  });

  it('answers a check that is signed with its password', async () => {
    expect(await answersTo('127.0.0.1', username, password)).toContain(classes.RESPONSE);
  });

  it.each([
    ['is signed with another password', () => ({ user: username, key: 'x'.repeat(22) })],
    ['is not signed', () => ({ user: username, key: undefined })],
    ['names another user', () => ({ user: 'nobody', key: password })],
    ['names a property of every object', () => ({ user: 'constructor', key: password })],
  ])('does not answer a check that %s', async (_what, sender) => {
    const { user, key } = sender();
    expect(await answersTo('127.0.0.1', user, key)).toEqual([]);
  });

  it('answers nothing from a forbidden address', async () => {
    expect(await answersTo('127.0.0.2', username, password)).toEqual([]);
  });
});
