import {
  dePacketizeRtpPackets,
  H264Packetizer,
  OpusPacketizer,
  RTCPeerConnection,
  RTCRtpCodecParameters,
  Vp8Packetizer,
  type Packetizer,
  type RTCDataChannel,
  type RtcpPacket,
  type RTCRtpTransceiver,
  type RtpPacket,
} from 'werift';

import { OpusDecoder, VideoDecoder } from '#server/media/codec/index.js';
import type { PcmAudio, RawPicture } from '#server/common/index.js';
import { sendCloseNotify } from '#server/media/webrtc/close-notify.js';
import { containSctpErrors } from '#server/media/webrtc/sctp-errors.js';
import type { Answer, ApiClient } from './api-client.ts';
import { waitFor, within } from './condition.ts';

export type Direction = 'recvonly' | 'sendonly' | 'sendrecv' | 'inactive';
export type VideoCodecName = 'H264' | 'VP8';

export interface ClientOptions {
  /** Left out: no video section. */
  readonly video?: Direction;
  readonly audio?: Direction;
  /** Labels of the data channels; default one, `telefuser`. */
  readonly channels?: readonly string[];
  /** In order of preference; default both. */
  readonly videoCodecs?: readonly VideoCodecName[];
}

/** What a viewer of server push offers. */
export const WATCH = { video: 'recvonly', audio: 'recvonly' } as const satisfies ClientOptions;

/** A message of the server. Every message has a type; the rest depends on it. */
export interface ChannelMessage {
  readonly type: string;
  readonly session_id: string;
  readonly index?: number | null;
  readonly data?: Readonly<Record<string, unknown>> | null;
  readonly error?: string;
  readonly total_chunks?: number;
  readonly code?: string;
  readonly detail?: string;
  readonly reason?: string;
  readonly timestamp: number;
}

/** One encoded picture. */
export interface AccessUnit {
  readonly timestamp: number;
  readonly data: Buffer;
  readonly keyframe: boolean;
  /** When its last packet came, milliseconds since 1970. */
  readonly arrivedMs: number;
}

/** Packets of one stream of the server, in order of arrival. */
export class ReceivedStream {
  readonly packets: RtpPacket[] = [];
  /** When each packet came, milliseconds since 1970 with their fraction. */
  readonly arrivals: number[] = [];

  private readonly transceiver: RTCRtpTransceiver;

  constructor(transceiver: RTCRtpTransceiver) {
    this.transceiver = transceiver;
  }

  /** Of the last packet: `H264`, `VP8` or `OPUS`. */
  get codec(): string | undefined {
    const payloadType = this.packets.at(-1)?.header.payloadType;
    return this.transceiver.codecs.find((codec) => codec.payloadType === payloadType)?.name.toUpperCase();
  }

  /** Whole access units: packets of one timestamp, ended by a marker. Loopback loses and reorders nothing. */
  accessUnits(): AccessUnit[] {
    const codec = this.codec === 'VP8' ? 'VP8' : 'MPEG4/ISO/AVC';
    const units: AccessUnit[] = [];
    let pending: RtpPacket[] = [];
    for (const [index, packet] of this.packets.entries()) {
      if (packet.payload.length === 0) continue;
      pending.push(packet);
      if (!packet.header.marker) continue;
      const { data, isKeyframe } = dePacketizeRtpPackets(codec, pending);
      units.push({
        timestamp: packet.header.timestamp,
        data,
        keyframe: isKeyframe,
        arrivedMs: this.arrivals[index] ?? Number.NaN,
      });
      pending = [];
    }
    return units;
  }

  /** Decodes everything that came. */
  async pictures(): Promise<RawPicture[]> {
    const decoder = await VideoDecoder.open(this.codec === 'VP8' ? 'VP8' : 'H264');
    try {
      const pictures: RawPicture[] = [];
      for (const { data } of this.accessUnits()) pictures.push(...(await decoder.decode(data)));
      return pictures;
    } finally {
      decoder.close();
    }
  }

  async sound(): Promise<PcmAudio[]> {
    const decoder = await OpusDecoder.open();
    try {
      const sound: PcmAudio[] = [];
      for (const { payload } of this.packets) if (payload.length > 0) sound.push(await decoder.decode(payload));
      return sound;
    } finally {
      decoder.close();
    }
  }
}

/** A WebRTC client: offers what the options say, and keeps everything the server sends. Close it, or let `await using` do so. */
export class WeriftClient implements AsyncDisposable {
  readonly messages: ChannelMessage[] = [];
  readonly rtcp: RtcpPacket[] = [];
  readonly channels: RTCDataChannel[] = [];
  sessionId = '';
  private readonly streams = new Map<'audio' | 'video', ReceivedStream>();
  private readonly packetizers = new Map<'audio' | 'video', Packetizer>();
  private readonly opened = new Set<RTCDataChannel>();
  private hasConnected = false;
  private closed = false;

  readonly connection: RTCPeerConnection;

  private constructor(connection: RTCPeerConnection) {
    this.connection = connection;
    // Heard and not polled: a server that has nothing more to say than why it closes is gone before the next look.
    connection.connectionStateChange.subscribe((state) => {
      if (state === 'connected') this.hasConnected = true;
    });
  }

  /** Makes the offer; nothing is sent yet. */
  static async prepare(options: ClientOptions = {}): Promise<WeriftClient> {
    const client = new WeriftClient(
      new RTCPeerConnection({
        iceServers: [],
        iceUseIpv6: false,
        iceUseTcp: false,
        bundlePolicy: 'max-bundle',
        codecs: { video: (options.videoCodecs ?? ['H264', 'VP8']).map(videoCodec), audio: [OPUS] },
      }),
    );
    for (const label of options.channels ?? ['telefuser']) client.addChannel(label);
    for (const kind of ['video', 'audio'] as const) {
      const direction = options[kind];
      if (direction === undefined) continue;
      const transceiver = client.connection.addTransceiver(kind, { direction });
      const stream = new ReceivedStream(transceiver);
      client.streams.set(kind, stream);
      transceiver.onTrack.subscribe((track) => {
        track.onReceiveRtp.subscribe((packet) => {
          stream.packets.push(packet.clone());
          stream.arrivals.push(performance.timeOrigin + performance.now());
        });
      });
    }
    await client.connection.setLocalDescription(await client.connection.createOffer());
    for (const transport of client.connection.dtlsTransports) {
      transport.onRtcp.subscribe((packet) => void client.rtcp.push(packet));
    }
    return client;
  }

  /** Prepares, offers and waits until the connection and the first channel are open. */
  static async connect(
    api: ApiClient,
    options?: ClientOptions,
    fields: Readonly<Record<string, unknown>> = {},
  ): Promise<WeriftClient> {
    const client = await WeriftClient.prepare(options);
    try {
      const answer = await client.offer(api, fields);
      if (answer.status !== 200) throw new Error(`the offer was answered ${answer.status}: ${JSON.stringify(answer.body)}`);
      await client.accept(answer);
      return client;
    } catch (error) {
      await client.close();
      throw error;
    }
  }

  get offerSdp(): string {
    return this.connection.localDescription?.sdp ?? '';
  }

  get video(): ReceivedStream {
    return this.stream('video');
  }

  get audio(): ReceivedStream {
    return this.stream('audio');
  }

  get channel(): RTCDataChannel {
    const [channel] = this.channels;
    if (channel === undefined) throw new Error('the client has no channel');
    return channel;
  }

  /** Sends the offer and returns whatever the server answers. */
  async offer(api: ApiClient, fields: Readonly<Record<string, unknown>> = {}): Promise<Answer> {
    const answer = await api.open({ sdp: this.offerSdp, type: 'offer', task: 'test', ...fields });
    if ('session_id' in answer.body) this.sessionId = answer.body.session_id;
    return { ...answer, body: { ...answer.body } };
  }

  /** Applies the server's answer and waits for the connection. */
  async accept(answer: Answer): Promise<void> {
    await this.connection.setRemoteDescription({ type: 'answer', sdp: answer.body['sdp'] as string });
    if (this.connection.sctp !== null) containSctpErrors(this.connection.sctp);
    await waitFor(
      () => {
        const { connectionState, iceConnectionState, dtlsTransports } = this.connection;
        return `the connection, which is ${connectionState} (ICE ${iceConnectionState}, DTLS ${dtlsTransports.map(({ state }) => state).join()})`;
      },
      () => this.hasConnected,
    );
    const [channel] = this.channels;
    if (channel?.label === 'telefuser') await waitFor('the channel to open', () => this.opened.has(channel));
  }

  addChannel(label: string): RTCDataChannel {
    const channel = this.connection.createDataChannel(label);
    channel.onMessage.subscribe((message) => void this.messages.push(JSON.parse(message.toString()) as ChannelMessage));
    channel.stateChanged.subscribe((state) => {
      if (state === 'open') this.opened.add(channel);
    });
    this.channels.push(channel);
    return channel;
  }

  send(message: unknown): void {
    this.channel.send(JSON.stringify(message));
  }

  /** The first message that fits, now or later. */
  async message(what: string, fits: (message: ChannelMessage) => boolean, timeoutMs?: number): Promise<ChannelMessage> {
    return waitFor(
      () => `${what}; the last messages are ${JSON.stringify(this.messages.slice(-5))}`,
      () => this.messages.find(fits),
      timeoutMs,
    );
  }

  /** Sends an encoded frame as RTP. */
  async sendMedia(kind: 'audio' | 'video', data: Buffer, timestamp: number): Promise<void> {
    const transceiver = this.connection.getTransceivers().find((candidate) => candidate.kind === kind);
    if (transceiver === undefined) throw new Error(`the client has no ${kind} section`);
    let packetizer = this.packetizers.get(kind);
    if (packetizer === undefined) this.packetizers.set(kind, (packetizer = packetizerFor(transceiver)));
    for (const packet of packetizer.packetize(data, timestamp >>> 0)) await transceiver.sender.sendRtp(packet);
  }

  /** Is gone without a word, as a process that was killed: the sockets are closed and nobody is told. */
  async vanish(): Promise<void> {
    for (const { connection } of this.connection.iceTransports) {
      // The protocols are werift's own sockets; nothing public closes them silently.
      const { protocols } = connection as unknown as { protocols: { close(): Promise<void> }[] };
      await Promise.all(protocols.map((protocol) => protocol.close()));
    }
  }

  /** Whether the server has said that it closes the connection. */
  get wasClosed(): boolean {
    return this.connection.dtlsTransports.some(({ state }) => state === 'closed');
  }

  /** Ends the connection as a browser does when its page is left: with a close_notify, which werift does not send by itself. Idempotent. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    for (const transport of this.connection.dtlsTransports) await sendCloseNotify(transport);
    await within('the client to close', this.connection.close(), 10_000);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  private stream(kind: 'audio' | 'video'): ReceivedStream {
    const stream = this.streams.get(kind);
    if (stream === undefined) throw new Error(`the client has no ${kind} section`);
    return stream;
  }
}

const OPUS = new RTCRtpCodecParameters({ mimeType: 'audio/opus', clockRate: 48_000, channels: 2, payloadType: 111 });

function videoCodec(name: VideoCodecName): RTCRtpCodecParameters {
  const rtcpFeedback = [{ type: 'nack' }, { type: 'nack', parameter: 'pli' }, { type: 'goog-remb' }];
  if (name === 'VP8')
    return new RTCRtpCodecParameters({ mimeType: 'video/VP8', clockRate: 90_000, payloadType: 98, rtcpFeedback });
  return new RTCRtpCodecParameters({
    mimeType: 'video/H264',
    clockRate: 90_000,
    payloadType: 102,
    rtcpFeedback,
    parameters: 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f',
  });
}

function packetizerFor({ kind, sender }: RTCRtpTransceiver): Packetizer {
  const options = { maxPayloadSize: 1160 };
  if (kind === 'audio') return new OpusPacketizer(options);
  return sender.codec?.name.toUpperCase() === 'VP8'
    ? new Vp8Packetizer(options)
    : new H264Packetizer({ ...options, inputFormat: 'annexb' });
}

/** The frame counter of test-pattern's picture, and of the others that have one; undefined when it cannot be read. */
export function counterOf({ data, width, height }: RawPicture): number | undefined {
  const row = Math.round((28 * height) / 480);
  const blocks = Array.from({ length: 13 }, (_, i) => {
    const middle = (row * width + Math.round(((28 + 24 * i) * width) / 832)) * 3;
    return (data[middle + 1] ?? 0) > 127 ? 1 : 0;
  });
  const bits = blocks.slice(2, 10);
  const parity = 1 - (bits.reduce((sum: number, bit) => sum + bit, 0) % 2);
  const framed = blocks[0] === 1 && blocks[1] === 0 && blocks[10] === parity && blocks[11] === 0 && blocks[12] === 1;
  return framed ? bits.reduce((value: number, bit) => value * 2 + bit, 0) : undefined;
}

/** The colour in the middle of a picture. */
export function middleOf({ data, width, height }: RawPicture): readonly number[] {
  const middle = (Math.floor(height / 2) * width + Math.floor(width / 2)) * 3;
  return [...data.subarray(middle, middle + 3)];
}
