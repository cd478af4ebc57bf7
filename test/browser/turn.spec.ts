import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createHmac } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { CHROMIUM, launchChromium, type Chromium } from '../support/chromium.ts';
import { waitFor } from '../support/condition.ts';
import { startCoturn } from '../support/coturn.ts';
import { Namespace, withoutNamespaces, type NamespaceProcess } from '../support/namespace.ts';
import { skipReason } from '../support/skip-reason.ts';

const SECRET = 'a secret of the tests';
const [SERVER, CLIENT] = ['10.77.0.1', '10.77.0.2'] as const;
const UDP = `turn:${SERVER}:3478?transport=udp`;
const TCP = `turn:${SERVER}:3478?transport=tcp`;
const URL_OF_PAGE = `http://${SERVER}:8088/`;

/** What Chromium says of the path that it uses, and of what came on it. */
interface PlayedPath {
  readonly local: string;
  readonly protocol: string;
  readonly relayProtocol: string | undefined;
  readonly remote: string;
  readonly framesDecoded: number;
  readonly packetsLost: number;
}

interface Credentials {
  readonly username: string;
  readonly credential: string;
}

describe.skipIf(withoutNamespaces !== undefined)(`Chromium in a network with coturn${skipReason(withoutNamespaces)}`, () => {
  let there: Namespace;
  let here: Namespace;
  let coturn: NamespaceProcess;
  let folder: string;
  let chromium: Chromium;
  let server: NamespaceProcess | undefined;
  let page: Page;

  beforeAll(async () => {
    there = await Namespace.make();
    here = await Namespace.make();
    await there.connect(`${SERVER}/24`, here, `${CLIENT}/24`);
    coturn = await startCoturn(there, { address: SERVER, secret: SECRET });
    folder = await mkdtemp(join(tmpdir(), 'telefuser-turn-'));
    const wrapper = join(folder, 'chromium');
    await writeFile(wrapper, `#!/bin/sh\nexec ip netns exec ${here.name} ${CHROMIUM} "$@"\n`);
    await chmod(wrapper, 0o755);
    chromium = await launchChromium([], wrapper);
  });
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
    await chromium?.[Symbol.asyncDispose]();
    await coturn?.[Symbol.asyncDispose]();
    await here?.[Symbol.asyncDispose]();
    await there?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  /** A server with other settings than the one before, which ends. */
  async function serve(environment: Readonly<Record<string, string>>): Promise<void> {
    await server?.[Symbol.asyncDispose]();
    server = await there.serve('pipelines/video-replay', environment);
  }

  /** The server's page, with its connections within reach. */
  async function open(): Promise<void> {
    page = await chromium.context.newPage();
    onTestFinished(() => page.close());
    await page.addInitScript(() => {
      const made: RTCPeerConnection[] = [];
      Object.assign(globalThis, { connections: made });
      globalThis.RTCPeerConnection = class extends RTCPeerConnection {
        constructor(configuration?: RTCConfiguration) {
          super(configuration);
          made.push(this);
        }
      };
    });
    await page.goto(URL_OF_PAGE);
  }

  /** What the client's firewall does in many a company. */
  async function withoutUdp(act: () => Promise<void>): Promise<void> {
    const drop = (hook: string): string => `chain ${hook} { type filter hook ${hook} priority 0\nmeta l4proto udp drop\n}`;
    await here.filter(`table inet blocked {\n${drop('output')}\n${drop('input')}\n}\n`);
    try {
      await act();
    } finally {
      await here.run('nft', 'delete', 'table', 'inet', 'blocked');
    }
  }

  async function play(): Promise<PlayedPath> {
    await page.getByRole('group', { name: 'Player' }).getByRole('button', { name: 'Play', exact: true }).click();
    const rate = page.locator('[data-figure="Frame rate"]');
    await waitFor('the page to play', async () => Number(await rate.innerText()) >= 20, 15_000);
    // Two seconds at full rate: 2 Mbps and sound.
    return waitFor('sixty frames', async () => {
      const path = await playedPath();
      return path.framesDecoded >= 60 && path;
    });
  }

  async function playedPath(): Promise<PlayedPath> {
    return page.evaluate(async () => {
      const { connections } = globalThis as unknown as { connections: RTCPeerConnection[] };
      const stats = [...((await connections.at(-1)?.getStats()) ?? new Map()).values()] as Record<string, never>[];
      const find = (fits: (one: Record<string, unknown>) => boolean): Record<string, never> => stats.find(fits) ?? {};
      const transport = find(({ type }) => type === 'transport');
      const pair = find(({ id }) => id === transport['selectedCandidatePairId']);
      const local = find(({ id }) => id === pair['localCandidateId']);
      const remote = find(({ id }) => id === pair['remoteCandidateId']);
      const video = find(({ type, kind }) => type === 'inbound-rtp' && kind === 'video');
      return {
        local: local['candidateType'] ?? '',
        protocol: local['protocol'] ?? '',
        relayProtocol: local['relayProtocol'],
        remote: remote['candidateType'] ?? '',
        framesDecoded: video['framesDecoded'] ?? 0,
        packetsLost: video['packetsLost'] ?? 0,
      };
    });
  }

  /** What gathering with these credentials comes to: whether anything is relayed, and the codes of errors. */
  async function gather(credentials: Credentials): Promise<{ readonly isRelayed: boolean; readonly errors: readonly number[] }> {
    return page.evaluate(
      async ({ urls, username, credential }) => {
        const connection = new RTCPeerConnection({ iceServers: [{ urls, username, credential }], iceTransportPolicy: 'relay' });
        const errors: number[] = [];
        let relayed = 0;
        connection.addEventListener('icecandidateerror', ({ errorCode }) => errors.push(errorCode));
        connection.addEventListener('icecandidate', ({ candidate }) => {
          if (candidate?.type === 'relay') relayed += 1;
        });
        connection.createDataChannel('x');
        await connection.setLocalDescription();
        while (connection.iceGatheringState !== 'complete') {
          await new Promise((resolve) => connection.addEventListener('icegatheringstatechange', resolve, { once: true }));
        }
        connection.close();
        return { isRelayed: relayed > 0, errors: [...new Set(errors)] };
      },
      { urls: UDP, ...credentials },
    );
  }

  it.each([
    ['UDP', UDP, 'udp'],
    ['TCP', TCP, 'tcp'],
  ])('plays through minted credentials over %s alone, relayed on both sides', async (_name, url, relayProtocol) => {
    await serve({ TELEFUSER_TURN_SECRET: SECRET, TELEFUSER_TURN_SERVERS: url, TELEFUSER_ICE_TRANSPORT_POLICY: 'relay' });
    await open();
    const path = await play();
    expect(path).toMatchObject({ local: 'relay', relayProtocol, remote: 'relay' });
    // A queue that overflows would lose many.
    expect(path.packetsLost).toBeLessThanOrEqual(5);
  });

  it('plays over the TCP port for media where its network takes no UDP, and over UDP when it does', async () => {
    await serve({ TELEFUSER_ICE_TCP_PORT: '3479' });
    await open();
    await withoutUdp(async () => {
      const path = await play();
      expect(path).toMatchObject({ protocol: 'tcp', remote: 'host' });
      expect(path.packetsLost).toBe(0);
    });
    // The browser goes on trying: once UDP works it moves there, and the server with it: the connection is cut, and the picture goes on.
    await waitFor('the path to be UDP', async () => (await playedPath()).protocol === 'udp', 15_000);
    await there.filter(
      'table inet cut {\nchain out { type filter hook output priority 0\ntcp sport 3479 reject with tcp reset\n}\n}\n',
    );
    const before = await playedPath();
    await waitFor('two more seconds of frames', async () => (await playedPath()).framesDecoded >= before.framesDecoded + 48);
    await there.run('nft', 'delete', 'table', 'inet', 'cut');
  });

  describe('that may take any path', () => {
    beforeAll(() => serve({ TELEFUSER_TURN_SECRET: SECRET, TELEFUSER_TURN_SERVERS: `${UDP},${TCP}` }));

    it('plays by relay only when the page is told to, and without the TURN servers when it is told to', async () => {
      await open();
      await page.locator('summary', { hasText: 'Network' }).click();
      await page.getByRole('switch', { name: 'Relay only' }).click();
      expect(await play()).toMatchObject({ local: 'relay' });
      await page.getByRole('group', { name: 'Player' }).getByRole('button', { name: 'Stop', exact: true }).click();
      await page.getByRole('switch', { name: 'STUN and TURN servers' }).click();
      expect((await play()).local).not.toBe('relay');
    });

    it('plays for a client whose network takes no UDP', async () => {
      await open();
      await withoutUdp(async () => expect(await play()).toMatchObject({ local: 'relay', relayProtocol: 'tcp' }));
    });

    it('is refused with credentials that have expired, and with a wrong password', async () => {
      await open();
      const minted = await page.evaluate(async () => {
        const answer = await fetch('v1/stream/ice-servers');
        const { ice_servers: servers } = (await answer.json()) as { ice_servers: Credentials[] };
        return servers[0];
      });
      if (minted === undefined) throw new Error('nothing was minted');
      const username = `${Math.floor(Date.now() / 1000) - 1}:${minted.username.split(':')[1]}`;
      const expired = { username, credential: createHmac('sha1', SECRET).update(username).digest('base64') };
      expect(await gather(minted)).toEqual({ isRelayed: true, errors: [] });
      expect(await gather(expired)).toEqual({ isRelayed: false, errors: [401] });
      expect(await gather({ ...minted, credential: expired.credential })).toEqual({ isRelayed: false, errors: [401] });
    });
  });
});
