import {
  Problem,
  type DtlsSetup,
  type MediaDirection,
  type OfferedCodec,
  type OfferedMedia,
  type OfferSummary,
} from '../common/index.js';

export interface SdpLimits {
  /** UTF-8 bytes of the whole description. */
  readonly maxSdpBytes: number;
  readonly maxIceCandidates: number;
}

/** Media sections of one offer; browsers send three. */
const MAX_MEDIA_SECTIONS = 16;
/** Payload types of one section; Chromium sends about fifty. */
const MAX_CODECS = 128;
const DIRECTIONS: ReadonlySet<string> = new Set(['sendrecv', 'sendonly', 'recvonly', 'inactive']);
const SETUPS: ReadonlySet<string> = new Set<DtlsSetup>(['actpass', 'active', 'passive']);
/** ICE user fragment and password, RFC 8839 section 5.4: ice-chars, 4–256 and 22–256. */
export const ICE_UFRAG = /^[A-Za-z0-9+/]{4,256}$/;
export const ICE_PWD = /^[A-Za-z0-9+/]{22,256}$/;
const FINGERPRINT = /^sha-(1|224|256|384|512) [0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2})+$/;

interface Section {
  readonly kind: string;
  readonly port: number;
  readonly protocol: string;
  readonly formats: readonly string[];
  readonly attributes: ReadonlyMap<string, readonly string[]>;
}

/**
 * Reads an SDP offer (RFC 8866, RFC 9429) and says what it asks for, before any WebRTC stack sees it. Pure. Throws the problem
 * `invalid-sdp`, which says what is missing and what to do.
 */
export function inspectOffer(sdp: string, limits: SdpLimits): OfferSummary {
  const bytes = Buffer.byteLength(sdp);
  if (bytes > limits.maxSdpBytes) refuse(`The offer has ${bytes} bytes; at most ${limits.maxSdpBytes} are taken.`);
  if (/\r(?!\n)/.test(sdp)) {
    refuse('The offer has a carriage return without a line feed after it: end each line in CRLF (RFC 8866 section 5).');
  }
  const lines = sdp.split(/\r\n|\n/).filter((line) => line !== '');
  if (lines.length === 0) refuse('The offer is empty. Send the sdp of the RTCSessionDescription that createOffer() made.');
  const broken = lines.findIndex((line) => !/^[a-z]=/.test(line));
  if (broken !== -1) refuse(`The offer is not SDP: line ${broken + 1} is not of the form "x=value".`);
  if (lines[0] !== 'v=0') refuse('The offer is not SDP: its first line must be "v=0".');

  const { session, sections } = parse(lines);
  if (sections.length === 0) refuse('The offer has no media section: add a transceiver or a data channel before createOffer().');
  const used = sections.filter(isOffered);
  if (used.length === 0) refuse('Every media section of the offer is rejected (port 0).');
  const tagged = bundleTag(used, session);
  for (const section of used) requireTransport(section, session, tagged);
  requireDistinctMids(used);
  const iceCandidates = sections.reduce((sum, { attributes }) => sum + (attributes.get('candidate')?.length ?? 0), 0);
  if (iceCandidates > limits.maxIceCandidates) {
    refuse(`The offer has ${iceCandidates} ICE candidates; at most ${limits.maxIceCandidates} are taken.`);
  }
  return {
    media: used.filter(({ kind }) => kind !== 'application').map((section) => readMedia(section, session)),
    dataChannel: used.some(({ kind }) => kind === 'application'),
    iceCandidates,
    dtlsSetup: readSetup(used, session),
  };
}

function parse(lines: readonly string[]): { session: ReadonlyMap<string, readonly string[]>; sections: Section[] } {
  const session = new Map<string, string[]>();
  const sections: Section[] = [];
  let attributes = session;
  for (const line of lines) {
    if (line.startsWith('m=')) {
      attributes = new Map();
      sections.push(parseMediaLine(line, sections.length, attributes));
    } else if (line.startsWith('a=')) {
      const colon = line.indexOf(':');
      const name = colon === -1 ? line.slice(2) : line.slice(2, colon);
      const values = attributes.get(name) ?? [];
      values.push(colon === -1 ? '' : line.slice(colon + 1));
      attributes.set(name, values);
    }
  }
  return { session, sections };
}

function parseMediaLine(line: string, index: number, attributes: ReadonlyMap<string, readonly string[]>): Section {
  if (index >= MAX_MEDIA_SECTIONS) refuse(`The offer has more than ${MAX_MEDIA_SECTIONS} media sections.`);
  const [kind = '', port = '', protocol = '', ...formats] = line.slice(2).split(' ');
  if (kind !== 'audio' && kind !== 'video' && kind !== 'application') {
    refuse(`The offer's media section ${index} is of kind "${kind.slice(0, 32)}"; audio, video and application are taken.`);
  }
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535 || protocol === '' || formats.length === 0) {
    refuse(`The offer's media section ${index} has a malformed m= line.`);
  }
  if (formats.length > MAX_CODECS) refuse(`The offer's media section ${index} has more than ${MAX_CODECS} payload types.`);
  return { kind, port: Number(port), protocol, formats, attributes };
}

/** Port 0 rejects a section, unless it only shares the transport of another (RFC 8843 section 6). */
function isOffered({ port, attributes }: Section): boolean {
  return port !== 0 || attributes.has('bundle-only');
}

/** The section whose transport the bundle-only ones share: the first of the BUNDLE group. */
function bundleTag(sections: readonly Section[], session: ReadonlyMap<string, readonly string[]>): Section | undefined {
  const group = session.get('group')?.find((value) => value.startsWith('BUNDLE '));
  const mid = group?.split(' ')[1];
  return sections.find(({ attributes }) => attributes.get('mid')?.[0] === mid);
}

/** What every WebRTC section must have (RFC 9429 section 5.3.1), of its own, from the session, or from the section it is bundled with. */
function requireTransport(section: Section, session: ReadonlyMap<string, readonly string[]>, tagged: Section | undefined): void {
  const shared = section.attributes.has('bundle-only') ? tagged?.attributes : undefined;
  const first = (name: string): string | undefined =>
    (section.attributes.get(name) ?? shared?.get(name) ?? session.get(name))?.[0];
  const where = `the ${section.kind} section`;
  const isData = section.kind === 'application';
  if (isData ? !section.protocol.endsWith('DTLS/SCTP') : !/^UDP\/TLS\/RTP\/SAVPF?$/.test(section.protocol)) {
    refuse(`The offer's protocol "${section.protocol.slice(0, 32)}" in ${where} is not WebRTC's.`);
  }
  const ufrag = first('ice-ufrag');
  const pwd = first('ice-pwd');
  if (ufrag === undefined || pwd === undefined)
    refuse(`The offer has no ICE credentials (a=ice-ufrag and a=ice-pwd) in ${where}.`);
  if (!ICE_UFRAG.test(ufrag)) refuse(`The offer's a=ice-ufrag in ${where} is malformed (RFC 8839 section 5.4).`);
  if (!ICE_PWD.test(pwd)) refuse(`The offer's a=ice-pwd in ${where} is malformed (RFC 8839 section 5.4).`);
  const fingerprint = first('fingerprint');
  if (fingerprint === undefined) refuse(`The offer has no DTLS fingerprint (a=fingerprint) in ${where}.`);
  if (!FINGERPRINT.test(fingerprint)) refuse(`The offer's a=fingerprint in ${where} is malformed (RFC 8122 section 5).`);
  if (section.attributes.get('mid')?.[0] === undefined) refuse(`The offer has no a=mid in ${where}.`);
}

/**
 * What the offered sections say of the DTLS roles. One value for all, as bundled sections share a transport (RFC 8843 section 7.1.3); a
 * section without one goes along with the others. Where nobody says anything, the choice is ours.
 */
function readSetup(sections: readonly Section[], session: ReadonlyMap<string, readonly string[]>): DtlsSetup {
  const stated = new Set(sections.flatMap(({ attributes }) => attributes.get('setup') ?? session.get('setup') ?? []));
  for (const value of stated) {
    if (!isSetup(value)) refuse(`The offer's a=setup:${value.slice(0, 32)} is not taken: send a=setup:actpass.`);
  }
  if (stated.size > 1) refuse(`The offer's sections differ in a=setup (${[...stated].join(', ')}): send the same in each.`);
  return [...stated].find(isSetup) ?? 'actpass';
}

function isSetup(value: string): value is DtlsSetup {
  return SETUPS.has(value);
}

function requireDistinctMids(sections: readonly Section[]): void {
  const seen = new Set<string>();
  for (const { attributes } of sections) {
    const mid = attributes.get('mid')?.[0] ?? '';
    if (!/^[!-~]{1,32}$/.test(mid)) refuse('An a=mid of the offer is malformed: it must be a token of at most 32 characters.');
    if (seen.has(mid)) refuse(`The offer uses a=mid:${mid} twice.`);
    seen.add(mid);
  }
}

function readMedia(section: Section, session: ReadonlyMap<string, readonly string[]>): OfferedMedia {
  const kind = section.kind === 'audio' ? 'audio' : 'video';
  const direction = directionOf(section.attributes) ?? directionOf(session) ?? 'sendrecv';
  const codecs = readCodecs(section);
  if (codecs.length === 0) refuse(`The offer's ${kind} section names no codec (a=rtpmap).`);
  return { mid: section.attributes.get('mid')?.[0] ?? '', kind, direction, codecs };
}

function directionOf(attributes: ReadonlyMap<string, readonly string[]>): MediaDirection | undefined {
  for (const name of attributes.keys()) if (isDirection(name)) return name;
  return undefined;
}

function isDirection(name: string): name is MediaDirection {
  return DIRECTIONS.has(name);
}

function readCodecs(section: Section): OfferedCodec[] {
  const parameters = new Map<string, string>();
  for (const value of section.attributes.get('fmtp') ?? []) {
    const space = value.indexOf(' ');
    if (space !== -1) parameters.set(value.slice(0, space), value.slice(space + 1));
  }
  return (section.attributes.get('rtpmap') ?? []).flatMap((value) => {
    const match = /^(\d{1,3}) ([^/\s]{1,64})\/(\d{1,9})/.exec(value);
    const [, payloadType, name, clockRate] = match ?? [];
    if (payloadType === undefined || name === undefined || !section.formats.includes(payloadType)) return [];
    return [
      {
        payloadType: Number(payloadType),
        name: name.toUpperCase(),
        clockRate: Number(clockRate),
        parameters: parameters.get(payloadType) ?? '',
      },
    ];
  });
}

function refuse(detail: string): never {
  throw new Problem('invalid-sdp', detail);
}
