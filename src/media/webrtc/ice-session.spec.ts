import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RTCPeerConnection } from 'werift';
import { IceSession } from './ice-session.js';

function loopbackConnection(): RTCPeerConnection {
  return new RTCPeerConnection({
    iceServers: [],
    iceAdditionalHostAddresses: ['127.0.0.1'],
    iceUseIpv4: false,
    iceUseIpv6: false,
  });
}

describe('IceSession', () => {
  let ice: IceSession;
  const open: RTCPeerConnection[] = [];

  /** A connection that has answered, with its client still to come. */
  beforeEach(async () => {
    const [ours, theirs] = [loopbackConnection(), loopbackConnection()];
    open.push(ours, theirs);
    theirs.createDataChannel('x');
    await theirs.setLocalDescription(await theirs.createOffer());
    // More candidates may come.
    const sdp = theirs.localDescription?.sdp.replaceAll('a=end-of-candidates\r\n', '') ?? '';
    await ours.setRemoteDescription({ type: 'offer', sdp });
    await ours.setLocalDescription(await ours.createAnswer());
    ice = sessionOf(ours);
  });
  afterEach(async () => {
    ice.close();
    for (const connection of open.splice(0)) await connection.close();
  });

  function sessionOf(connection: RTCPeerConnection): IceSession {
    const session = IceSession.of(connection, {
      permits: (address) => address !== '192.0.2.2',
      remoteCandidates: 1,
      onLost: () => undefined,
    });
    if (session === undefined) throw new Error('no session');
    return session;
  }

  async function connect(): Promise<void> {
    const [ours, theirs] = open;
    await theirs?.setRemoteDescription({ type: 'answer', sdp: ours?.localDescription?.sdp ?? '' });
    await vi.waitFor(() => expect([ours?.connectionState, theirs?.connectionState]).toEqual(['connected', 'connected']), 8000);
  }

  const REMOTE = { usernameFragment: 'other', password: 'otherotherotherotherother', candidates: [] };

  it('says what the answer says', () => {
    const sdp = open[0]?.localDescription?.sdp ?? '';
    expect(sdp).toContain(`a=ice-ufrag:${ice.local.usernameFragment}\r\n`);
    expect(sdp).toContain(`a=ice-pwd:${ice.local.password}\r\n`);
    expect(ice.local.candidates.map((candidate) => candidate.split(' ')[4])).toEqual(['127.0.0.1']);
    expect(sdp).toContain(`a=${ice.local.candidates[0] ?? '-'}`);
  });

  it('adds the candidates that are permitted, and counts all', () => {
    const candidate = (address: string): string =>
      `candidate:1 1 udp 2122260223 ${address} 4000 typ host generation 7 ufrag abcd`;
    ice.trickle([candidate('192.0.2.1'), candidate('192.0.2.2')]);
    const taken = open[0]?.iceTransports[0]?.connection.remoteCandidates ?? [];
    expect(taken.filter(({ port }) => port === 4000).map(({ host, generation }) => [host, generation])).toEqual([
      ['192.0.2.1', undefined],
    ]);
    expect(ice.remoteCandidates).toBe(3);
  });

  it('does not restart what was never connected', () => {
    const before = [ice.tag, ice.local];
    expect(ice.restart(REMOTE)).toBe(false);
    expect([ice.tag, ice.local]).toEqual(before);
  });

  it('restarts with other credentials, another tag and the same addresses', async () => {
    await connect();
    const before = { tag: ice.tag, ...ice.local };
    expect(ice.restart(REMOTE)).toBe(true);
    const after = { tag: ice.tag, ...ice.local };
    expect(after.candidates).toEqual(before.candidates);
    for (const name of ['tag', 'usernameFragment', 'password'] as const) expect(after[name]).not.toBe(before[name]);
    expect(ice.isCurrent(REMOTE)).toBe(true);
    expect(ice.remoteCandidates).toBe(0);
  });
});

it('has no ICE session in common for a client without BUNDLE', async () => {
  const connection = new RTCPeerConnection({ iceServers: [], bundlePolicy: 'disable' });
  connection.addTransceiver('audio');
  connection.addTransceiver('video');
  expect(IceSession.of(connection, { permits: () => true, remoteCandidates: 0, onLost: () => undefined })).toBeUndefined();
  await connection.close();
});
