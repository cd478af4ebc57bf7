import type { OfferSummary, OfferedCodec } from '../../common/index.js';

/** H.264 as our encoder makes it: (constrained) baseline, non-interleaved (RFC 6184 section 8.1). */
function isUsableH264(codec: OfferedCodec): boolean {
  const parameters = codec.parameters.toLowerCase();
  if (!/(^|;)\s*packetization-mode\s*=\s*1\b/.test(parameters)) return false;
  const profile = /(^|;)\s*profile-level-id\s*=\s*([0-9a-f]{6})/.exec(parameters)?.[2];
  // 42xxxx is baseline, 42e0xx constrained baseline; without the parameter the RFC's default is baseline too.
  return profile === undefined || profile.startsWith('42');
}

/**
 * The offer without the H.264 payload types we cannot serve (high profile, packetization mode 0). werift matches codecs by name alone and
 * would otherwise settle on whichever H.264 comes first.
 */
export function withoutUnusableH264(sdp: string, offer: OfferSummary): string {
  const dropped = new Set<number>();
  for (const media of offer.media) {
    if (media.kind !== 'video') continue;
    for (const codec of media.codecs) {
      if (codec.name === 'H264' && !isUsableH264(codec)) dropped.add(codec.payloadType);
    }
    for (const codec of media.codecs) {
      const apt = /(^|;)\s*apt=(\d+)/.exec(codec.parameters)?.[2];
      if (codec.name === 'RTX' && apt !== undefined && dropped.has(Number(apt))) dropped.add(codec.payloadType);
    }
  }
  if (dropped.size === 0) return sdp;
  let inVideo = false;
  const kept: string[] = [];
  for (const line of sdp.split(/\r\n|\n/)) {
    if (line.startsWith('m=')) {
      inVideo = line.startsWith('m=video');
      kept.push(inVideo ? withoutPayloadTypes(line, dropped) : line);
      continue;
    }
    const payloadType = inVideo ? /^a=(?:rtpmap|fmtp|rtcp-fb):(\d+) /.exec(line)?.[1] : undefined;
    if (payloadType === undefined || !dropped.has(Number(payloadType))) kept.push(line);
  }
  return kept.join('\r\n');
}

function withoutPayloadTypes(mediaLine: string, dropped: ReadonlySet<number>): string {
  const [media, port, protocol, ...formats] = mediaLine.split(' ');
  const left = formats.filter((format) => !dropped.has(Number(format)));
  // An m-line without formats is not valid; a section of nothing but unusable H.264 stays as it is and is refused by codec.
  return left.length === 0 ? mediaLine : [media, port, protocol, ...left].join(' ');
}

/**
 * The offer with `a=setup` in every section, and every line ended by CRLF. werift drops the fingerprints of a section without `a=setup`,
 * which may be left out or come from the session or the bundle; and it reads lines that end in LF only where no line ends in CRLF.
 */
export function withSetup(sdp: string, { dtlsSetup }: OfferSummary): string {
  const lines = sdp.split(/\r\n|\n/);
  const starts = lines.flatMap((line, index) => (line.startsWith('m=') ? [index] : []));
  const first = starts[0] ?? lines.length;
  const sections = starts.map((start, index) => {
    const [media = '', ...rest] = lines.slice(start, starts[index + 1]);
    return rest.some((line) => line.startsWith('a=setup:')) ? [media, ...rest] : [media, `a=setup:${dtlsSetup}`, ...rest];
  });
  return [...lines.slice(0, first), ...sections.flat()].join('\r\n');
}

/**
 * The offer with a port for every section that only shares another's transport (`a=bundle-only`): such a section has port 0 by RFC 8843
 * section 6, which werift takes for a rejection.
 */
export function withBundledPorts(sdp: string): string {
  return sdp
    .split(/^(?=m=)/mu)
    .map((section) => (/^a=bundle-only\r?$/mu.test(section) ? section.replace(/^(m=\w+) 0 /u, '$1 9 ') : section))
    .join('');
}
