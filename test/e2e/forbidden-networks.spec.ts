import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitFor } from '../support/condition.ts';
import { Namespace, withoutNamespaces, type NamespaceProcess } from '../support/namespace.ts';
import { skipReason } from '../support/skip-reason.ts';
import { WATCH, WeriftClient } from '../support/werift-client.ts';

/** Where the offer's candidates lead, and what the capture calls it. */
const DESTINATIONS = {
  metadata: '169.254.169.254',
  link_local: '169.254.7.7',
  denied: '10.66.1.2',
  loopback: '127.0.0.1',
  multicast: '224.0.0.99',
  broadcast: '255.255.255.255',
  mapped: '169.254.169.253',
  default_line: '10.66.9.9',
  // The last to be probed, since the others have a higher priority: once it was, all were that ever will be.
  permitted: '10.9.0.77',
} as const;
type Destination = keyof typeof DESTINATIONS;

/** In SDP as an attacker would write it; the same as above but for IPv4 in IPv6. */
const WRITTEN: Readonly<Record<Exclude<Destination, 'default_line'>, string>> = {
  ...DESTINATIONS,
  mapped: '::ffff:169.254.169.253',
};

/** What is probed on a port that nothing else uses. */
const PORT = 47_113;

describe.skipIf(withoutNamespaces !== undefined)(
  `an offer with candidates of forbidden networks${skipReason(withoutNamespaces)}`,
  () => {
    let namespace: Namespace;
    let outside: Namespace;
    let server: NamespaceProcess;

    beforeAll(async () => {
      namespace = await Namespace.make();
      outside = await Namespace.make();
      await namespace.connect('10.9.0.1/16', outside, '10.9.0.2/16');
      // Everything has a way out, so that nothing stays away for want of one.
      await namespace.run('ip', 'route', 'add', 'default', 'via', '10.9.0.2');
      await namespace.run('ip', 'address', 'add', 'fd09::1/64', 'dev', 'eth0', 'nodad');
      const names = Object.keys(DESTINATIONS) as Destination[];
      await namespace.filter(
        [
          'table inet capture {',
          ...names.map((name) => `counter ${name} {}`),
          'counter names {}',
          'chain leaving { type filter hook output priority 0;',
          // Of any protocol; on the loopback there are HTTP and the pipeline too.
          ...names.map(
            (name) => `ip daddr ${DESTINATIONS[name]} ${name === 'loopback' ? `udp dport ${PORT}` : ''} counter name ${name}`,
          ),
          // Nobody has configured a STUN server: no name is to be looked up, no server asked.
          'udp dport { 53, 3478, 19302 } counter name names',
          '}',
          '}',
          '',
        ].join('\n'),
      );
      server = await namespace.serve('pipelines/test-pattern', {
        TELEFUSER_ICE_DENIED_NETWORKS: '10.66.0.0/16',
        TELEFUSER_WEBRTC_CONNECT_TIMEOUT_SECONDS: '2',
      });
    });
    afterAll(async () => {
      await server?.[Symbol.asyncDispose]();
      await outside?.[Symbol.asyncDispose]();
      await namespace?.[Symbol.asyncDispose]();
    });

    async function offer(): Promise<string> {
      await using client = await WeriftClient.prepare(WATCH);
      const written = Object.values(WRITTEN);
      const candidates = written.map(
        (address, index) => `a=candidate:${index} 1 udp ${2_000_000_000 - index * 1000} ${address} ${PORT} typ host`,
      );
      return client.offerSdp
        .replaceAll(/^a=(candidate|end-of-candidates).*\r\n/gmu, '')
        .replaceAll(/^c=IN IP4 .*$/gmu, `c=IN IP4 ${DESTINATIONS.default_line}`)
        .replaceAll(/^(m=\w+) \d+ /gmu, `$1 ${PORT} `)
        .replaceAll(/^(a=ice-ufrag:.*)$/gmu, [...candidates, '$1'].join('\r\n'));
    }

    it('is answered, and the permitted ones alone are probed', async () => {
      const { status, body } = await namespace.request('POST', 'http://127.0.0.1:8088/v1/stream/webrtc/offer', {
        sdp: await offer(),
        type: 'offer',
        task: 'test',
      });
      expect([status, body]).toEqual([200, expect.anything()]);
      await waitFor('the permitted address to be probed', async () => (await namespace.packets('permitted')) >= 2);
      await waitFor('the session to give up', async () => {
        const health = await namespace.request('GET', 'http://127.0.0.1:8088/v1/service/health');
        return (health.body as { webrtc_active_sessions: number }).webrtc_active_sessions === 0;
      });
      const counted = await Promise.all(
        [...Object.keys(DESTINATIONS), 'names'].map(async (name) => [name, await namespace.packets(name)] as const),
      );
      const { permitted, ...forbidden } = Object.fromEntries(counted);
      expect(permitted).toBeGreaterThanOrEqual(2);
      expect(forbidden).toEqual(Object.fromEntries(Object.keys(forbidden).map((name) => [name, 0])));
    });
  },
);
