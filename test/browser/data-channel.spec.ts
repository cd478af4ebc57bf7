import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Page } from 'playwright-core';

import type { OfferSummary } from '#server/common/index.js';
import type { DataChannel } from '#server/media/webrtc/data-channel.js';
import { PeerConnection } from '#server/media/webrtc/peer-connection.js';
import { launchChromium, type Chromium } from '../support/chromium.ts';
import { waitFor } from '../support/condition.ts';

const OFFER: OfferSummary = { media: [], dataChannel: true, iceCandidates: 0, dtlsSetup: 'actpass' };

const message = (index: number, bytes: number): string => `${index} `.padEnd(bytes, 'x');

/** What the page of this test keeps. */
interface ChannelPage {
  channel: RTCDataChannel;
  received: string[];
  answerOffer(sdp: string): Promise<string>;
}

describe('the data channel with Chromium', () => {
  let chromium: Chromium;
  let page: Page;
  let connection: PeerConnection | undefined;
  let channel: DataChannel;
  const received: string[] = [];

  beforeAll(async () => {
    chromium = await launchChromium();
    page = await chromium.context.newPage();
    await page.exposeFunction('answerOffer', async (sdp: string) => {
      connection = await PeerConnection.answer(sdp, OFFER, {
        iceServers: [],
        iceTransportPolicy: 'all',
        iceGatherTimeoutMs: 1000,
        hostAddresses: [],
        announceInterfaces: true,
        udpPorts: undefined,
        tcp: undefined,
        permits: () => true,
        videoCodecs: ['H264'],
        maxMessageBytes: 262_144,
      });
      connection.observe({
        connectionStateChanged: () => undefined,
        dataChannelAdded: (added) => void (channel = added),
        trackReceived: () => undefined,
        feedbackReceived: () => undefined,
        packetSent: () => undefined,
      });
      return connection.localSdp;
    });
    await page.evaluate(async () => {
      const here = globalThis as unknown as ChannelPage;
      const peer = new RTCPeerConnection();
      here.channel = peer.createDataChannel('telefuser');
      here.received = [];
      here.channel.addEventListener('message', ({ data }) => here.received.push(String(data)));
      await peer.setLocalDescription();
      while (peer.iceGatheringState !== 'complete') {
        await new Promise((resolve) => peer.addEventListener('icegatheringstatechange', resolve, { once: true }));
      }
      const sdp = await here.answerOffer(peer.localDescription?.sdp ?? '');
      await peer.setRemoteDescription({ type: 'answer', sdp });
      if (here.channel.readyState !== 'open') {
        await new Promise((resolve) => here.channel.addEventListener('open', resolve, { once: true }));
      }
    });
    await waitFor('the channel to open', () => channel.isOpen);
    channel.onMessage((text) => void received.push(text.toString()));
  });
  afterAll(async () => {
    await connection?.close();
    await chromium[Symbol.asyncDispose]();
  });

  /** How many messages the page has, and how many of them are those of a burst in their order. */
  const pageReceived = (bytes: number): Promise<readonly [number, number]> =>
    page.evaluate((size) => {
      const { received: all } = globalThis as unknown as ChannelPage;
      return [all.length, all.filter((text, index) => text === `${index} `.padEnd(size, 'x')).length] as const;
    }, bytes);

  it.each([
    [1, 200_000],
    [2000, 300],
  ])('carries %i messages of %i bytes each way, in order', async (count, bytes) => {
    received.length = 0;
    await page.evaluate(() => void (globalThis as unknown as ChannelPage).received.splice(0));
    for (let index = 0; index < count; index += 1) expect(channel.send(message(index, bytes))).toBe(true);
    await waitFor('the page to have all', async () => (await pageReceived(bytes))[0] >= count, 5000);
    expect(await pageReceived(bytes)).toEqual([count, count]);

    await page.evaluate(
      ([messages, size]) => {
        const { channel: own } = globalThis as unknown as ChannelPage;
        for (let index = 0; index < messages; index += 1) own.send(`${index} `.padEnd(size, 'x'));
      },
      [count, bytes] as const,
    );
    await waitFor(
      () => `the server to have all, which has ${received.length}`,
      () => received.length >= count,
      5000,
    );
    expect(received).toEqual(Array.from({ length: count }, (_, index) => message(index, bytes)));
  });
});
