import type { ViewerStats } from '../media/index.js';

export const TRAFFIC_MEDIA = ['video', 'audio'] as const;
export type TrafficMedium = (typeof TRAFFIC_MEDIA)[number];

/** What was sent of one medium, and what its receivers asked for, since the beginning. Every number only ever increases. */
export interface MediumTraffic {
  /** Packets, without retransmissions. */
  readonly packets: number;
  /** Their bytes. */
  readonly bytes: number;
  readonly retransmittedPackets: number;
  readonly retransmittedBytes: number;
  /** Bytes sent only to learn what the network takes. */
  readonly probeBytes: number;
  readonly nacks: number;
  readonly plis: number;
  readonly firs: number;
}

/** What was sent to a client, or to all of them, by medium. */
export type Traffic = Readonly<Record<TrafficMedium, MediumTraffic>>;

const FIGURES = [
  'packets',
  'bytes',
  'retransmittedPackets',
  'retransmittedBytes',
  'probeBytes',
  'nacks',
  'plis',
  'firs',
] as const satisfies readonly (keyof MediumTraffic)[];

/** The traffic of one session; a medium that the client does not take has none. */
export function trafficOf({ videoStream, audioStream }: Pick<ViewerStats, 'videoStream' | 'audioStream'>): Traffic {
  return { video: sum([videoStream]), audio: sum([audioStream]) };
}

/** The traffic of several sessions together. */
export function sumTraffic(parts: readonly Traffic[]): Traffic {
  return { video: sum(parts.map(({ video }) => video)), audio: sum(parts.map(({ audio }) => audio)) };
}

/** Bytes of everything that was sent: media, retransmissions and probes. */
export function sentBytes({ video, audio }: Traffic): number {
  return [video, audio].reduce((bytes, medium) => bytes + medium.bytes + medium.retransmittedBytes + medium.probeBytes, 0);
}

function sum(media: readonly (MediumTraffic | undefined)[]): MediumTraffic {
  const total = media.reduce<MediumTraffic>(
    (whole, part) => ({
      ...whole,
      ...Object.fromEntries(FIGURES.map((figure) => [figure, whole[figure] + (part?.[figure] ?? 0)])),
    }),
    { packets: 0, bytes: 0, retransmittedPackets: 0, retransmittedBytes: 0, probeBytes: 0, nacks: 0, plis: 0, firs: 0 },
  );
  return total;
}
