import { Av1Packetizer, Vp9Packetizer, type Packetizer } from 'werift';
import type { VideoCodecName } from './codec-preferences.js';

/** Every codec that is sent. */
export type OutboundCodec = VideoCodecName | 'OPUS';

/** `obu_type` of a sequence header (AV1 bitstream specification section 6.2.2). */
const AV1_SEQUENCE_HEADER = 1;

/**
 * VP9 frame (RFC 9628), or AV1 temporal unit of OBUs with sizes (AOM's RTP payload format) → RTP packets with rising sequence numbers, the marker
 * on the last. werift's packetizers are told which frames are key frames; ours read it from the frame.
 * @param maxPayloadBytes of one packet, payload descriptor included.
 */
export function createPacketizer(codec: 'VP9' | 'AV1', payloadType: number, ssrc: number, maxPayloadBytes: number): Packetizer {
  const options = { maxPayloadSize: maxPayloadBytes, payloadType, ssrc };
  if (codec === 'VP9') {
    const packetizer = new Vp9Packetizer(options);
    return { packetize: (frame, timestamp) => packetizer.packetize(frame, timestamp, { isKeyframe: isVp9Keyframe(frame) }) };
  }
  const packetizer = new Av1Packetizer(options);
  return { packetize: (unit, timestamp) => packetizer.packetize(unit, timestamp, { isKeyframe: beginsAv1Sequence(unit) }) };
}

/** Reads the first bits of the uncompressed header: marker, profile, `show_existing_frame`, `frame_type` (VP9 bitstream section 6.2). */
function isVp9Keyframe(frame: Buffer): boolean {
  const first = frame[0] ?? 0;
  const profile = ((first >> 5) & 1) | ((first >> 3) & 2);
  // Profile 3 has a reserved bit before the two that count.
  const bits = profile === 3 ? first << 1 : first;
  const showsExisting = (bits & 0b1000) !== 0;
  return !showsExisting && (bits & 0b100) === 0;
}

/** Whether a temporal unit has a sequence header: encoders put one before each key frame. */
function beginsAv1Sequence(unit: Buffer): boolean {
  for (let at = 0; at < unit.length;) {
    const header = unit[at] ?? 0;
    if (((header >> 3) & 15) === AV1_SEQUENCE_HEADER) return true;
    // Without a size the unit's last OBU has begun.
    if ((header & 0b10) === 0) return false;
    at += (header & 0b100) === 0 ? 1 : 2;
    let size = 0;
    for (let shift = 0; shift < 56; shift += 7) {
      const byte = unit[at] ?? 0;
      at += 1;
      size += (byte & 0x7f) * 2 ** shift;
      if ((byte & 0x80) === 0) break;
    }
    at += size;
  }
  return false;
}
