import { Problem, type IceDescription } from '../../common/index.js';
import { ICE_PWD, ICE_UFRAG, type SdpLimits } from '../sdp-inspection.js';

/** `candidate:` foundation, component, transport, priority, address, port and type, then extensions (RFC 8839 section 5.1). */
const CANDIDATE =
  /^candidate:[A-Za-z0-9+/]{1,32} \d{1,3} [A-Za-z0-9-]{1,16} \d{1,10} [^\s]{1,253} \d{1,5} typ [a-z]{1,16}( [ -~]*)?$/u;

/**
 * Reads the SDP fragment of a client (RFC 8840 section 4.4): its credentials, in the session or in the sections, and its candidates. Sections are
 * bundled, so all of them name the same credentials. That candidates have ended is not of use: more may come from checks. Pure.
 * @throws Problem `invalid-sdp-fragment`.
 */
export function readSdpFragment(fragment: string, { maxSdpBytes, maxIceCandidates }: SdpLimits): IceDescription {
  const bytes = Buffer.byteLength(fragment);
  if (bytes > maxSdpBytes) refuse(`The fragment has ${bytes} bytes; at most ${maxSdpBytes} are taken.`);
  const lines = fragment.split(/\r\n|\n/u).filter((line) => line !== '');
  const broken = lines.findIndex((line) => !/^[a-z]=[^\r]*$/u.test(line));
  if (broken !== -1) refuse(`The fragment is not SDP: line ${broken + 1} is not of the form "x=value".`);

  const usernameFragment = onlyValue(lines, 'ice-ufrag');
  const password = onlyValue(lines, 'ice-pwd');
  if (!ICE_UFRAG.test(usernameFragment)) refuse("The fragment's a=ice-ufrag is malformed (RFC 8839 section 5.4).");
  if (!ICE_PWD.test(password)) refuse("The fragment's a=ice-pwd is malformed (RFC 8839 section 5.4).");

  const candidates = lines.filter((line) => line.startsWith('a=candidate:')).map((line) => line.slice(2).trimEnd());
  if (candidates.length > maxIceCandidates) {
    refuse(`The fragment has ${candidates.length} ICE candidates; at most ${maxIceCandidates} are taken.`);
  }
  const malformed = candidates.findIndex((candidate) => !CANDIDATE.test(candidate));
  if (malformed !== -1) refuse(`The fragment's a=candidate number ${malformed + 1} is malformed (RFC 8839 section 5.1).`);
  return { usernameFragment, password, candidates };
}

function onlyValue(lines: readonly string[], name: 'ice-ufrag' | 'ice-pwd'): string {
  const prefix = `a=${name}:`;
  const [value, ...others] = new Set(
    lines.filter((line) => line.startsWith(prefix)).map((line) => line.slice(prefix.length).trimEnd()),
  );
  if (value === undefined) refuse('The fragment has no ICE credentials: it needs a=ice-ufrag and a=ice-pwd.');
  if (others.length > 0)
    refuse(`The fragment's sections differ in a=${name}; all share one transport, so send the same in each.`);
  return value;
}

/**
 * Our side of an ICE session as a fragment: of the answer the group, the options and the section that the others are bundled with (RFC 8840
 * section 4.4), with what is new. Pure.
 */
export function writeSdpFragment(answer: string, { usernameFragment, password, candidates }: IceDescription): string {
  const lines = answer.split(/\r\n|\n/u);
  const first = lines.findIndex((line) => line.startsWith('m='));
  const section = lines.slice(first + 1, nextSection(lines, first));
  return [
    ...lines.slice(0, first).filter((line) => /^a=(?:group:BUNDLE|ice-lite|ice-options:|ice-pacing:)/u.test(line)),
    lines[first],
    ...section.filter((line) => /^a=(?:mid:|ice-options:)/u.test(line)),
    `a=ice-ufrag:${usernameFragment}`,
    `a=ice-pwd:${password}`,
    ...candidates.map((candidate) => `a=${candidate}`),
    'a=end-of-candidates',
    '',
  ].join('\r\n');
}

function nextSection(lines: readonly string[], first: number): number | undefined {
  const next = lines.findIndex((line, index) => index > first && line.startsWith('m='));
  return next === -1 ? undefined : next;
}

function refuse(detail: string): never {
  throw new Problem('invalid-sdp-fragment', detail);
}
