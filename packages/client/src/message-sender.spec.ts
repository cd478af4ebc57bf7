import { describe, expect, it } from 'vitest';
import { drained, encodeMessage, sendMessage, type Encoded } from './message-sender.js';

class Channel extends EventTarget {
  readyState = 'open';
  bufferedAmount = 0;
  bufferedAmountLowThreshold = 0;
  readonly sent: Encoded[] = [];
  send(message: Encoded): void {
    this.sent.push(message);
  }
}

function make(): { channel: Channel; asChannel: RTCDataChannel } {
  const channel = new Channel();
  return { channel, asChannel: channel as unknown as RTCDataChannel };
}

describe('encodeMessage', () => {
  it('writes JSON, and leaves bytes as they are, of a part of a buffer too', () => {
    expect(encodeMessage({ type: 'control', key: 'ä' })).toBe('{"type":"control","key":"ä"}');
    expect(encodeMessage('text')).toBe('"text"');
    expect(encodeMessage(new Uint8Array([1, 2, 3]).subarray(1))).toEqual(new Uint8Array([2, 3]));
    expect(encodeMessage(new Uint8Array([1]).buffer)).toEqual(new Uint8Array([1]));
    expect(encodeMessage(new Uint16Array([258]))).toEqual(new Uint8Array([2, 1]));
  });

  it.each([
    undefined,
    () => 1,
    1n,
    (() => {
      const circle: Record<string, unknown> = {};
      circle['self'] = circle;
      return circle;
    })(),
  ])('refuses what JSON has no way to write', (message) => {
    expect(() => encodeMessage(message)).toThrow(expect.objectContaining({ code: 'malformed-message' }));
  });
});

describe('sendMessage', () => {
  it('counts bytes, not characters', () => {
    const { channel, asChannel } = make();
    sendMessage(asChannel, 'ää', 4, 100);
    expect(channel.sent).toEqual(['ää']);
    expect(() => sendMessage(asChannel, 'ää', 3, 100)).toThrow(expect.objectContaining({ code: 'message-too-large' }));
  });

  it('sends no more at once than the server takes, even where the browser would', () => {
    const { asChannel } = make();
    expect(() => sendMessage(asChannel, new Uint8Array(262_145), 1e9, 1e9)).toThrow(
      expect.objectContaining({ code: 'message-too-large' }),
    );
  });

  it('lets no more wait than may, and says when there is room again', async () => {
    const { channel, asChannel } = make();
    channel.bufferedAmount = 90;
    sendMessage(asChannel, new Uint8Array(10), 100, 100);
    expect(() => sendMessage(asChannel, new Uint8Array(11), 100, 100)).toThrow(expect.objectContaining({ code: 'channel-full' }));
    const room = drained(asChannel, 100, new AbortController().signal);
    expect(channel.bufferedAmountLowThreshold).toBe(50);
    channel.bufferedAmount = 50;
    channel.dispatchEvent(new Event('bufferedamountlow'));
    await room;
  });

  it('sends nothing into a channel that is not open', () => {
    const { channel, asChannel } = make();
    channel.readyState = 'closing';
    expect(() => sendMessage(asChannel, 'x', 100, 100)).toThrow(expect.objectContaining({ code: 'not-connected' }));
    expect(channel.sent).toEqual([]);
  });

  it('gives up waiting for room when it is told to', async () => {
    const { channel, asChannel } = make();
    channel.bufferedAmount = 100;
    const aborter = new AbortController();
    const room = drained(asChannel, 100, aborter.signal);
    aborter.abort();
    await expect(room).rejects.toMatchObject({ code: 'aborted' });
  });
});
