import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHROMIUM, launchChromium } from '../support/chromium.ts';
import { startCoturn } from '../support/coturn.ts';
import { Namespace, withoutNamespaces, type NamespaceProcess } from '../support/namespace.ts';
import { skipReason } from '../support/skip-reason.ts';

const SECRET = 'a secret of the tests';
const PORTS = ['8088', '3478'];
/** What `ssh -L` does with a port, of which one end is in each network: from one argument to the other, a port of 127.0.0.1 or a socket's path. */
const FORWARD = `const net = require('node:net');
const [from, to] = process.argv.slice(1).map((end) => (/^\\d+$/.test(end) ? { host: '127.0.0.1', port: Number(end) } : { path: end }));
net.createServer((near) => {
  const far = net.connect(to);
  near.pipe(far).pipe(near);
  near.on('error', () => far.destroy());
  far.on('error', () => near.destroy());
}).listen(from, () => console.log('listening'));`;

describe.skipIf(withoutNamespaces !== undefined)(`a machine to which only SSH leads${skipReason(withoutNamespaces)}`, () => {
  const namespaces: Namespace[] = [];
  const processes: NamespaceProcess[] = [];
  let folder: string;
  let here: Namespace;

  /** A network of its own, with an interface that leads to nobody. */
  async function makeNetwork(address: string, nobody: string): Promise<Namespace> {
    const [network, other] = [await Namespace.make(), await Namespace.make()];
    namespaces.push(network, other);
    await network.connect(`${address}/24`, other, `${nobody}/24`);
    return network;
  }

  async function forward(network: Namespace, from: string, to: string): Promise<void> {
    const forwarder = network.spawn(process.execPath, ['-e', FORWARD, '--', from, to]);
    processes.push(forwarder);
    await forwarder.printed('the port to be forwarded', /listening/u);
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'telefuser-ssh-'));
    const there = await makeNetwork('10.78.0.5', '10.78.0.9');
    here = await makeNetwork('10.79.0.2', '10.79.0.9');
    // As docs/world.md says.
    processes.push(await startCoturn(there, { address: '127.0.0.1', relayAddress: '10.78.0.5', secret: SECRET }));
    processes.push(
      await there.serve('pipelines/test-pattern', {
        TELEFUSER_TURN_SERVERS: '["turn:127.0.0.1:3478?transport=tcp"]',
        TELEFUSER_TURN_SECRET: SECRET,
      }),
    );
    for (const port of PORTS) {
      await forward(there, join(folder, port), port);
      await forward(here, port, join(folder, port));
    }
  });

  afterAll(async () => {
    for (const one of [...processes, ...namespaces]) await one[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  it('plays through a TURN server in the same tunnel', async () => {
    const wrapper = join(folder, 'chromium');
    await writeFile(wrapper, `#!/bin/sh\nexec ip netns exec ${here.name} ${CHROMIUM} "$@"\n`);
    await chmod(wrapper, 0o755);
    await using chromium = await launchChromium([], wrapper);
    const page = await chromium.context.newPage();
    await page.goto('http://localhost:8088/');
    const decoded = await page.evaluate(async () => {
      const ice = (await (await fetch('v1/stream/ice-servers')).json()) as { ice_servers: RTCIceServer[] };
      const connection = new RTCPeerConnection({ iceServers: ice.ice_servers });
      connection.addTransceiver('video', { direction: 'recvonly' });
      await connection.setLocalDescription();
      while (connection.iceGatheringState !== 'complete')
        await new Promise((resolve) => connection.addEventListener('icegatheringstatechange', resolve, { once: true }));
      const answer = await fetch('v1/stream/webrtc/offer', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ sdp: connection.localDescription?.sdp, type: 'offer', task: 't2v' }),
      });
      const { sdp } = (await answer.json()) as { sdp: string };
      await connection.setRemoteDescription({ type: 'answer', sdp });
      for (const endsAt = performance.now() + 20_000; performance.now() < endsAt;) {
        const stats = [...(await connection.getStats()).values()] as { type: string; framesDecoded?: number }[];
        const frames = stats.find(({ type }) => type === 'inbound-rtp')?.framesDecoded ?? 0;
        if (frames >= 24) return frames;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      return 0;
    });
    expect(decoded).toBeGreaterThanOrEqual(24);
  }, 60_000);
});
