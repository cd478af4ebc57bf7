import { Problem, type IceDescription, type IceNegotiation } from '../../common/index.js';

/**
 * Does to an ICE session what a client's fragment asks for (draft-ietf-wish-whep section 4.5, as RFC 9725 section 4.3): candidates are added to the
 * session that `If-Match` names; other credentials than it has restart it. Returns whether they did.
 * @param ifMatch the request's `If-Match`; `*` is any session.
 * @throws Problem; the ICE session is what it was then.
 */
export function updateIce(
  ice: IceNegotiation,
  fragment: IceDescription,
  ifMatch: string | undefined,
  { id, maxIceCandidates }: { readonly id: string; readonly maxIceCandidates: number },
): 'trickled' | 'restarted' {
  if (ifMatch === undefined) {
    throw new Problem(
      'precondition-required',
      'The request has no If-Match: send the ETag of the ICE session, or * for a restart.',
    );
  }
  // The draft's example has the asterisk in quotes, where RFC 9110 section 13.1.1 has none.
  const isAny = /^"?\*"?$/u.test(ifMatch.trim());
  const tags = ifMatch.split(',').map((tag) => tag.trim());
  if (!isAny && !tags.includes(`"${ice.tag}"`)) {
    throw new Problem('precondition-failed', 'The session has another ICE session now: If-Match must be its ETag, or *.');
  }
  if (ice.isCurrent(fragment)) {
    const most = maxIceCandidates - ice.remoteCandidates;
    if (fragment.candidates.length > most) {
      const detail = `The fragment has ${fragment.candidates.length} ICE candidates; at most ${most} more are taken in this ICE session.`;
      throw new Problem('invalid-sdp-fragment', detail);
    }
    ice.trickle(fragment.candidates);
    return 'trickled';
  }
  if (!ice.restart(fragment)) {
    throw new Problem(
      'ice-restart-refused',
      `Session "${id}" has not been connected yet. Wait until it is, or open another one.`,
    );
  }
  return 'restarted';
}
