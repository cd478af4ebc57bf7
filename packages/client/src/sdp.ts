/** What of SDP is read and written here (RFC 8866, RFC 8839). Pure. */

/** The offer with `stereo=1` on its Opus line (RFC 7587 section 7): without it Chromium decodes what arrives as mono. */
export function withStereo(sdp: string): string {
  const opus = /^a=rtpmap:(\d+) opus\/48000/im.exec(sdp)?.[1];
  return opus === undefined ? sdp : sdp.replace(new RegExp(`^a=fmtp:${opus} (?!(?:.*;)?stereo=)[^\r\n]*`, 'm'), '$&;stereo=1');
}

/** An offer's ICE credentials and candidates as a fragment (RFC 8840 section 4.4); all sections share one transport. */
export function iceFragment(sdp: string): string {
  const credentials = ['ice-ufrag', 'ice-pwd'].map((name) => new RegExp(`^a=${name}:[^\r\n]*`, 'm').exec(sdp)?.[0] ?? '');
  const candidates = new Set(Array.from(sdp.matchAll(/^a=candidate:[^\r\n]*/gm), ([line]) => line));
  return [...credentials, ...candidates, ''].join('\r\n');
}

/**
 * The answer with the ICE credentials and candidates of a fragment in place of its own.
 * @returns undefined when the fragment has none
 */
export function withIce(answer: string, fragment: string): string | undefined {
  const [ufrag, password] = ['ice-ufrag', 'ice-pwd'].map((name) => new RegExp(`^a=${name}:[^\r\n]*`, 'm').exec(fragment)?.[0]);
  if (ufrag === undefined || password === undefined) return undefined;
  const candidates = Array.from(fragment.matchAll(/^a=candidate:[^\r\n]*/gm), ([line]) => `${line}\r\n`).join('');
  let first = true;
  return answer
    .replace(/^a=(?:candidate:[^\r\n]*|end-of-candidates)\r?\n/gm, '')
    .replace(/^a=ice-ufrag:[^\r\n]*/gm, () => ufrag)
    .replace(/^a=ice-pwd:[^\r\n]*\r?\n/gm, () => {
      const isFirst = first;
      first = false;
      return `${password}\r\n${isFirst ? candidates : ''}`;
    });
}
