import { describe, expect, it, vi } from 'vitest';
import type { IceNegotiation } from '../../common/index.js';
import { updateIce } from './ice-update.js';

const LIMITS = { id: 'demo', maxIceCandidates: 4 };
const CURRENT = { usernameFragment: 'now1', password: 'p', candidates: ['candidate:a'] };
const OTHER = { ...CURRENT, usernameFragment: 'new1' };

function iceOf({ restarts = true, remoteCandidates = 0 } = {}) {
  return {
    tag: '0-AbCd',
    local: { usernameFragment: 'ours', password: 'ours', candidates: [] },
    remoteCandidates,
    isCurrent: ({ usernameFragment }) => usernameFragment === CURRENT.usernameFragment,
    trickle: vi.fn<IceNegotiation['trickle']>(),
    restart: vi.fn<IceNegotiation['restart']>(() => restarts),
  } satisfies IceNegotiation;
}

describe('updateIce', () => {
  it.each(['"0-AbCd"', '"other", "0-AbCd"', '*', '"*"'])('adds candidates where If-Match is %s', (ifMatch) => {
    const ice = iceOf();
    expect(updateIce(ice, CURRENT, ifMatch, LIMITS)).toBe('trickled');
    expect(ice.trickle).toHaveBeenCalledExactlyOnceWith(CURRENT.candidates);
    expect(ice.restart).not.toHaveBeenCalled();
  });

  it.each(['*', '"*"', '"0-AbCd"'])('restarts by other credentials where If-Match is %s', (ifMatch) => {
    const ice = iceOf();
    expect(updateIce(ice, OTHER, ifMatch, LIMITS)).toBe('restarted');
    expect(ice.restart).toHaveBeenCalledExactlyOnceWith(OTHER);
    expect(ice.trickle).not.toHaveBeenCalled();
  });

  it.each([
    ['without If-Match', undefined, 'precondition-required'],
    ['with the tag of another ICE session', '"1-AbCd"', 'precondition-failed'],
    ['with a weak tag', 'W/"0-AbCd"', 'precondition-failed'],
    ['with a tag out of quotes', '0-AbCd', 'precondition-failed'],
  ])('does nothing %s', (_what, ifMatch, code) => {
    for (const fragment of [CURRENT, OTHER]) {
      const ice = iceOf();
      expect(() => updateIce(ice, fragment, ifMatch, LIMITS)).toThrow(expect.objectContaining({ code }));
      expect([ice.trickle, ice.restart].map(({ mock }) => mock.calls.length)).toEqual([0, 0]);
    }
  });

  it('takes no more candidates than one ICE session may have', () => {
    const ice = iceOf({ remoteCandidates: 3 });
    expect(updateIce(ice, CURRENT, '*', LIMITS)).toBe('trickled');
    const two = { ...CURRENT, candidates: ['candidate:a', 'candidate:b'] };
    expect(() => updateIce(ice, two, '*', LIMITS)).toThrow(expect.objectContaining({ code: 'invalid-sdp-fragment' }));
    expect(ice.trickle).toHaveBeenCalledOnce();
  });

  it('says so where the connection cannot be restarted', () => {
    expect(() => updateIce(iceOf({ restarts: false }), OTHER, '*', LIMITS)).toThrow(
      expect.objectContaining({ code: 'ice-restart-refused', detail: expect.stringContaining('demo') as string }),
    );
  });
});
