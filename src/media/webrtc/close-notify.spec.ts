import { describe, expect, it, vi } from 'vitest';
import { Event, type RTCDtlsTransport } from 'werift';
import { onPeerClosed } from './close-notify.js';

const [CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE, APPLICATION_DATA, HEARTBEAT] = [20, 21, 22, 23, 24];
const CLOSE_NOTIFY = Buffer.from([1, 0]);
const CLIENT_HELLO = Buffer.from([1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);

function record(type: number, epoch: number, fragment: Buffer): Buffer {
  const header = Buffer.from([type, 0xfe, 0xfd, 0, epoch, 0, 0, 0, 0, 0, 0, 0, fragment.length]);
  return Buffer.concat([header, fragment]);
}

/** A connected transport whose records are authentic where they say so, and what becomes of its datagrams. */
function connected(): { closed: () => void; read: Buffer[]; arrive: (datagram: Buffer) => void } {
  const onStateChange = new Event<[string]>();
  const read: Buffer[] = [];
  const socket = { onData: (data: Buffer) => void read.push(data) };
  const decryptPacket = ({ fragment }: { fragment: Buffer }): Buffer => {
    if (!fragment.subarray(2).equals(Buffer.from('authentic'))) throw new Error('the tag is wrong');
    return fragment.subarray(0, 2);
  };
  const transport = { onStateChange, dtls: { cipher: { decryptPacket }, transport: { socket } } };
  const closed = vi.fn<() => void>();
  onPeerClosed(transport as unknown as RTCDtlsTransport, closed);
  onStateChange.execute('connected');
  return { closed, read, arrive: (datagram) => socket.onData(datagram) };
}

const authentic = (alert: Buffer): Buffer => Buffer.concat([alert, Buffer.from('authentic')]);

describe('onPeerClosed', () => {
  it('hears the goodbye of the peer once, wherever it stands in a datagram', () => {
    const { closed, arrive } = connected();
    arrive(Buffer.concat([record(APPLICATION_DATA, 1, Buffer.from('last')), record(ALERT, 1, authentic(CLOSE_NOTIFY))]));
    arrive(record(ALERT, 1, authentic(CLOSE_NOTIFY)));
    expect(closed).toHaveBeenCalledOnce();
  });

  it.each([
    ['an alert in the clear', record(ALERT, 0, CLOSE_NOTIFY)],
    ['an alert that is not the peer\u2019s', record(ALERT, 1, Buffer.concat([CLOSE_NOTIFY, Buffer.from('forged')]))],
    [
      'an alert behind something else',
      Buffer.concat([record(CHANGE_CIPHER_SPEC, 0, Buffer.from([1])), record(ALERT, 0, CLOSE_NOTIFY)]),
    ],
    ['a record of an unknown type', record(HEARTBEAT, 0, Buffer.alloc(0))],
    ['one of an unknown type that claims to be encrypted', record(HEARTBEAT, 1, Buffer.alloc(3))],
    ['the beginning of another handshake', record(HANDSHAKE, 0, CLIENT_HELLO)],
    ['data in the clear', record(APPLICATION_DATA, 0, Buffer.from('data'))],
    ['a record that is cut short', record(APPLICATION_DATA, 1, Buffer.alloc(20)).subarray(0, 20)],
    ['nothing', Buffer.alloc(0)],
  ])('lets no stranger end the connection with %s', (_what, datagram) => {
    const { closed, read, arrive } = connected();
    arrive(datagram);
    expect(closed).not.toHaveBeenCalled();
    expect(read).toEqual([]);
  });

  it('hands on what is encrypted: data, and a last flight that is sent again', () => {
    const { read, arrive } = connected();
    const data = record(APPLICATION_DATA, 1, Buffer.from('data'));
    const finished = record(HANDSHAKE, 1, Buffer.from('finished'));
    arrive(Buffer.concat([data, data]));
    arrive(Buffer.concat([record(HANDSHAKE, 0, CLIENT_HELLO), record(CHANGE_CIPHER_SPEC, 0, Buffer.from([1])), finished]));
    expect(read).toEqual([Buffer.concat([data, data]), finished]);
  });
});
