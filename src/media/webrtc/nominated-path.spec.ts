import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { RTCDtlsTransport } from 'werift';
import { forgetPath, holdPath, sendDatagram } from './nominated-path.js';

type IceConnection = RTCDtlsTransport['iceTransport']['connection'];

const HELD_MS = 5000;
const OLD = ['192.0.2.1', 4000] as const;
const NEW = ['192.0.2.2', 5000] as const;

describe('the path of a connection whose ICE session is restarted', () => {
  const sentTo: (readonly [string, number])[] = [];
  let consents = true;
  let connection: IceConnection;

  function pairTo(remoteAddr: readonly [string, number]) {
    const sendData = (_datagram: Buffer, to: readonly [string, number]): Promise<void> => {
      sentTo.push(to);
      return Promise.resolve();
    };
    // Of TURN, so that it is sent by the protocol rather than by its socket.
    return { remoteAddr, packetsSent: 0, bytesSent: 0, protocol: { type: 'turn', sendData } };
  }

  function nominate(remoteAddr: readonly [string, number] | undefined): void {
    Object.assign(connection, { nominated: remoteAddr === undefined ? undefined : pairTo(remoteAddr) });
  }

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['performance'] });
    sentTo.length = 0;
    consents = true;
    connection = {
      canSendApplicationData: () => consents,
      send: (datagram: Buffer) => connection.nominated?.protocol.sendData(datagram, [...NEW]),
    } as unknown as IceConnection;
    nominate(OLD);
    holdPath(connection, performance.now() + HELD_MS);
    consents = false;
    nominate(undefined);
  });
  afterEach(() => vi.useRealTimers());

  const send = (): void => sendDatagram(connection, Buffer.from('x'));

  it('is the old one until there is a new one that takes media', () => {
    send();
    nominate(NEW);
    send();
    consents = true;
    send();
    expect(sentTo).toEqual([OLD, OLD, NEW]);
  });

  it('is none once the old one was held long enough', () => {
    vi.advanceTimersByTime(HELD_MS);
    send();
    expect(sentTo).toEqual([]);
  });

  it('is none once the old one is forgotten', () => {
    forgetPath(connection);
    send();
    expect(sentTo).toEqual([]);
  });

  it('is not held again for a restart of a restart', () => {
    vi.advanceTimersByTime(HELD_MS - 1);
    holdPath(connection, performance.now() + HELD_MS);
    vi.advanceTimersByTime(1);
    send();
    expect(sentTo).toEqual([]);
  });
});
