/** Streams of a connection whose datagrams end in a list, in simulated time. */
import { afterEach, beforeEach, vi } from 'vitest';
import {
  RTCRtpCodecParameters,
  RTCRtpHeaderExtensionParameters,
  RTP_EXTENSION_URI,
  RtpPacket,
  SrtpSession,
  type RTCRtpTransceiver,
} from 'werift';
import { ABS_CAPTURE_TIME_URI, PLAYOUT_DELAY_URI } from './header-extensions.js';
import { OutboundRtp, type OutboundOptions } from './outbound-rtp.js';
import { PacedTransport, type SentPacket } from './paced-transport.js';

/** The 1280 bytes of any IPv6 path (RFC 8200 section 5) without the headers of IPv6 (40), UDP (8) and a TURN channel (4). */
export const LARGEST_DATAGRAM = 1228;
const KEYS = {
  localMasterKey: Buffer.alloc(16, 1),
  localMasterSalt: Buffer.alloc(12, 2),
  remoteMasterKey: Buffer.alloc(16, 3),
  remoteMasterSalt: Buffer.alloc(12, 4),
};
export const GCM = 0x0007;
export const COUNTER_MODE = 0x0001;
export const IDS = { mid: 1, sendTime: 2, transportWide: 3, playoutDelay: 4, captureTime: 5 };
const URIS = {
  mid: RTP_EXTENSION_URI.sdesMid,
  sendTime: RTP_EXTENSION_URI.absSendTime,
  transportWide: RTP_EXTENSION_URI.transportWideCC,
  playoutDelay: PLAYOUT_DELAY_URI,
  captureTime: ABS_CAPTURE_TIME_URI,
};
export const VIDEO_SSRC = 1111;
export const RTX_SSRC = 2222;
export const AUDIO_SSRC = 3333;

interface Received {
  readonly packet: RtpPacket;
  readonly datagram: Buffer;
  readonly extensions: ReadonlyMap<number, Buffer>;
}

/** A connection whose datagrams end in a list, decrypted as werift's receiver does. */
export class World {
  readonly received: Received[] = [];
  readonly sent: SentPacket[] = [];
  readonly refused: OutboundRtp[] = [];
  readonly dtls;
  readonly transport = new PacedTransport((packet) => this.sent.push(packet));

  constructor(profile = GCM) {
    const salt = (bytes: Buffer): Buffer => (profile === GCM ? bytes : Buffer.concat([bytes, Buffer.alloc(2)]));
    const keys = { ...KEYS, localMasterSalt: salt(KEYS.localMasterSalt), remoteMasterSalt: salt(KEYS.remoteMasterSalt) };
    const receiver = new SrtpSession({
      profile,
      keys: {
        localMasterKey: keys.remoteMasterKey,
        localMasterSalt: keys.remoteMasterSalt,
        remoteMasterKey: keys.localMasterKey,
        remoteMasterSalt: keys.localMasterSalt,
      },
    });
    const send = async (datagram: Buffer): Promise<void> => {
      const packet = RtpPacket.deSerialize(receiver.decrypt(Buffer.from(datagram)));
      const extensions = new Map(packet.header.extensions.map(({ id, payload }) => [id, payload]));
      this.received.push({ packet, datagram, extensions });
    };
    this.dtls = {
      state: 'connected',
      srtp: { config: { keys, profile } },
      packetsSent: 0,
      bytesSent: 0,
      iceTransport: { connection: { nominated: undefined, send } },
    };
  }

  stream(
    kind: 'video' | 'audio',
    changes: { codecs?: RTCRtpCodecParameters[]; mid?: string } & Partial<OutboundOptions> = {},
  ): OutboundRtp {
    const { mid = '0', codecs = kind === 'video' ? VIDEO : AUDIO, ...options } = changes;
    const transceiver = {
      kind,
      mid,
      codecs,
      headerExtensions: Object.entries(URIS).map(
        ([name, uri]) => new RTCRtpHeaderExtensionParameters({ uri, id: IDS[name as keyof typeof IDS] }),
      ),
      sender: { codec: codecs[0], ssrc: kind === 'video' ? VIDEO_SSRC : AUDIO_SSRC, rtxSsrc: RTX_SSRC },
      dtlsTransport: this.dtls,
    };
    return new OutboundRtp(transceiver as unknown as RTCRtpTransceiver, this.transport, {
      cname: 'test',
      transportWide: true,
      playoutDelay: { minMs: 0, maxMs: 0 },
      onRefused: (stream) => this.refused.push(stream),
      ...options,
    });
  }

  of(ssrc: number): Received[] {
    return this.received.filter(({ packet }) => packet.header.ssrc === ssrc);
  }
}

const rtcpFeedback = [{ type: 'nack' }, { type: 'transport-cc' }];
export const codec = (mimeType: string, payloadType: number, parameters = '', clockRate = 90_000): RTCRtpCodecParameters =>
  new RTCRtpCodecParameters({ mimeType, clockRate, payloadType, parameters, rtcpFeedback });
const VIDEO = [codec('video/H264', 96), codec('video/rtx', 97, 'apt=96')];
const AUDIO = [codec('audio/opus', 111, '', 48_000), codec('audio/red', 63, '111/111', 48_000)];

/** An access unit of one slice. */
export function picture(bytes: number): Buffer {
  return Buffer.concat([Buffer.from([0, 0, 0, 1, 0x65]), Buffer.alloc(bytes - 5, 0xa5)]);
}

export const numbersOf = (list: readonly Received[]): number[] => list.map(({ packet }) => packet.header.sequenceNumber);
export const isRising = (numbers: readonly number[]): boolean =>
  numbers.every((number, index) => index === 0 || number === (((numbers[index - 1] ?? 0) + 1) & 0xffff));

/** Declares for the tests of a file that time is simulated. */
export function simulateTime(): void {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });
}
