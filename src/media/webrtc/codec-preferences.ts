import { RTCRtpCodecParameters, useFIR, useNACK, usePLI, useREMB, useTWCC } from 'werift';

/** Video codecs that can be sent (RFC 6184, RFC 7741, RFC 9628, and AOM's RTP payload format for AV1). */
export type VideoCodecName = 'H264' | 'VP8' | 'VP9' | 'AV1';

/** What a payload type number and the parameters of a codec are before a client's offer gives it its own. */
interface LocalCodec {
  readonly payloadType: number;
  readonly parameters?: string;
}

/**
 * Numbers and parameters only stand for the codec: an answer carries those of the offer. The retransmission stream of a codec has the number
 * after its own.
 */
const VIDEO: Readonly<Record<VideoCodecName, LocalCodec>> = {
  H264: { payloadType: 96, parameters: 'profile-level-id=42e01f;packetization-mode=1;level-asymmetry-allowed=1' },
  VP8: { payloadType: 98 },
  VP9: { payloadType: 100, parameters: 'profile-id=0' },
  AV1: { payloadType: 102, parameters: 'level-idx=5;profile=0;tier=0' },
};
const OPUS_PAYLOAD_TYPE = 111;
const RED_PAYLOAD_TYPE = 63;

/** The video codecs as werift negotiates them: the first that the client offers is the one that is sent. Each with its retransmissions. */
export function videoCodecs(ordered: readonly VideoCodecName[]): RTCRtpCodecParameters[] {
  return ordered.flatMap((name) => {
    const { payloadType, parameters } = VIDEO[name];
    const codec = new RTCRtpCodecParameters({
      mimeType: `video/${name}`,
      clockRate: 90_000,
      payloadType,
      rtcpFeedback: [useNACK(), usePLI(), useFIR(), useREMB(), useTWCC()],
      ...(parameters === undefined ? {} : { parameters }),
    });
    // RFC 4588 section 8.
    const rtx = new RTCRtpCodecParameters({
      mimeType: 'video/rtx',
      clockRate: 90_000,
      payloadType: payloadType + 1,
      parameters: `apt=${payloadType}`,
    });
    return [codec, rtx];
  });
}

/** Opus (RFC 7587), and with it RED where the client offers that for it (RFC 2198). */
export function audioCodecs(): RTCRtpCodecParameters[] {
  const opus = new RTCRtpCodecParameters({
    mimeType: 'audio/opus',
    clockRate: 48_000,
    channels: 2,
    payloadType: OPUS_PAYLOAD_TYPE,
    rtcpFeedback: [useTWCC()],
    parameters: 'minptime=10;useinbandfec=1;stereo=1;sprop-stereo=1',
  });
  const red = new RTCRtpCodecParameters({
    mimeType: 'audio/red',
    clockRate: 48_000,
    channels: 2,
    payloadType: RED_PAYLOAD_TYPE,
    parameters: `${OPUS_PAYLOAD_TYPE}/${OPUS_PAYLOAD_TYPE}`,
  });
  return [opus, red];
}
