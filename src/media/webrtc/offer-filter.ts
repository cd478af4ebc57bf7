import type { OfferedCodec, OfferedMedia, OfferSummary } from '../../common/index.js';

/** One payload type of an offer and how well it suits us; the higher rank of two of one codec wins. */
type Rank = number | undefined;

/**
 * H.264 as our encoders make it: non-interleaved, progressive, without B-pictures, which is within constrained baseline, main and high
 * (RFC 6184 section 8.1). The higher profile compresses better, and who offers it decodes it.
 */
function rankH264(parameters: string): Rank {
  if (!/(^|;)\s*packetization-mode\s*=\s*1\b/.test(parameters)) return undefined;
  const profile = /(^|;)\s*profile-level-id\s*=\s*([0-9a-f]{6})/.exec(parameters)?.[2];
  switch (profile?.slice(0, 2)) {
    case '64':
      return 3;
    case '4d':
      return 2;
    // 42xxxx is baseline, 42e0xx constrained baseline; without the parameter the RFC's default is baseline too.
    case '42':
    case undefined:
      return 1;
    default:
      return undefined;
  }
}

/** How well we can send this payload type: undefined is not at all. */
function rankOf({ name, parameters }: OfferedCodec): Rank {
  const lower = parameters.toLowerCase();
  switch (name) {
    case 'H264':
      return rankH264(lower);
    // Profiles above 0 are of more than 8 bits or of 4:4:4 (RFC 9628 section 6; AV1's payload format section 7.2.1).
    case 'VP9':
      return /(^|;)\s*profile-id\s*=\s*0*[1-9]/.test(lower) ? undefined : 1;
    case 'AV1':
      return /(^|;)\s*profile\s*=\s*0*[1-9]/.test(lower) ? undefined : 1;
    // What AV1 was called before its payload format was finished.
    case 'AV1X':
      return undefined;
    default:
      return 1;
  }
}

/** What of a client's camera can be decoded. */
function isReceivable({ name }: OfferedCodec): boolean {
  return name !== 'VP9' && name !== 'AV1';
}

/** The payload types of a section that must not be chosen, with the retransmission streams that belong to them. */
function unusablePayloadTypes({ direction, codecs }: OfferedMedia): Set<number> {
  const best = new Map<string, { readonly rank: number; readonly payloadType: number }>();
  for (const codec of codecs) {
    const rank = rankOf(codec);
    const sent = direction === 'sendonly' || direction === 'sendrecv';
    if (rank === undefined || (sent && !isReceivable(codec))) continue;
    const known = best.get(codec.name);
    if (known === undefined || rank > known.rank) best.set(codec.name, { rank, payloadType: codec.payloadType });
  }
  const isRanked = ({ name }: OfferedCodec): boolean => ['H264', 'VP9', 'AV1', 'AV1X'].includes(name);
  const dropped = new Set(
    codecs
      .filter((codec) => isRanked(codec) && best.get(codec.name)?.payloadType !== codec.payloadType)
      .map(({ payloadType }) => payloadType),
  );
  for (const { name, parameters, payloadType } of codecs) {
    const apt = name === 'RTX' ? /(^|;)\s*apt=(\d+)/.exec(parameters)?.[2] : undefined;
    if (apt !== undefined && dropped.has(Number(apt))) dropped.add(payloadType);
  }
  return dropped;
}

/**
 * The offer with, in each video section, only what we can serve: of H.264 its best profile with packetization mode 1, VP9 and AV1 in profile 0,
 * and neither of these where the client sends and we could not decode it. werift matches codecs by name alone, and would otherwise settle on
 * whichever comes first.
 */
export function withUsableVideoCodecs(sdp: string, offer: OfferSummary): string {
  const sections = offer.media.filter(({ kind }) => kind === 'video');
  const droppedByMid = new Map(sections.map((media) => [media.mid, unusablePayloadTypes(media)]));
  return sdp
    .split(/^(?=m=)/mu)
    .map((section) => {
      const mid = /^a=mid:(.*?)\s*$/mu.exec(section)?.[1];
      // Without mids there is one section of a kind, or they are alike.
      const dropped = droppedByMid.get(mid ?? '') ?? (mid === undefined ? [...droppedByMid.values()][0] : undefined);
      return section.startsWith('m=video') && dropped !== undefined ? withoutPayloads(section, dropped) : section;
    })
    .join('');
}

function withoutPayloads(section: string, dropped: ReadonlySet<number>): string {
  if (dropped.size === 0) return section;
  const [mediaLine = '', ...lines] = section.split(/\r\n|\n/);
  const kept = lines.filter((line) => {
    const payloadType = /^a=(?:rtpmap|fmtp|rtcp-fb):(\d+) /.exec(line)?.[1];
    return payloadType === undefined || !dropped.has(Number(payloadType));
  });
  return [withoutPayloadTypes(mediaLine, dropped), ...kept].join('\r\n');
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
