import { createHmac } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import { describe, expect, it } from 'vitest';
import { shippedPipeline, CommandProcess, testPipeline, TestServer } from '../support/server.ts';
import { WATCH, WeriftClient } from '../support/werift-client.ts';

const SECRET = 'a secret of the tests';
/** Documentation address (RFC 5737): what a one-to-one NAT in front of the server would have. */
const PUBLIC = '203.0.113.7';

/** Where a client on this machine reaches the server. */
function machineAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1';
}

/** The host candidates of an answer, whose sections all name the same. */
function candidatesOf(sdp: unknown): { readonly address: string; readonly port: number }[] {
  const section = String(sdp).split(/^m=/mu)[1] ?? '';
  return [...section.matchAll(/^a=candidate:\S+ 1 udp \d+ (\S+) (\d+) typ host/gmu)].map(([, address = '', port]) => ({
    address,
    port: Number(port),
  }));
}

describe('GET /v1/stream/ice-servers', () => {
  it('gives credentials that a TURN server can verify, for the caller alone and for a time', async () => {
    await using server = await TestServer.listen(testPipeline('conversation'), {
      TELEFUSER_STUN_SERVERS: 'stun:stun.example:3478',
      TELEFUSER_TURN_SERVERS: 'turn:turn.example:3478?transport=udp,turns:turn.example:5349?transport=tcp',
      TELEFUSER_TURN_SECRET: SECRET,
      TELEFUSER_TURN_TTL_SECONDS: '600',
      TELEFUSER_ICE_TRANSPORT_POLICY: 'relay',
    });
    const first = await server.api.get('v1/stream/ice-servers');
    const second = await server.api.get('v1/stream/ice-servers');
    expect([first.status, first.headers.get('cache-control')]).toEqual([200, 'no-store']);
    const [stun, turn] = first.body['ice_servers'] as { urls: string[]; username: string; credential: string }[];
    expect(stun).toEqual({ urls: ['stun:stun.example:3478'] });
    expect(turn?.urls).toEqual(['turn:turn.example:3478?transport=udp', 'turns:turn.example:5349?transport=tcp']);
    const { username = '', credential } = turn ?? {};
    expect(credential).toBe(createHmac('sha1', SECRET).update(username).digest('base64'));
    const expiresInSeconds = Number(username.split(':')[0]) - Date.now() / 1000;
    expect(expiresInSeconds).toBeGreaterThan(590);
    expect(expiresInSeconds).toBeLessThanOrEqual(600);
    expect(first.body).toMatchObject({
      ice_transport_policy: 'relay',
      ttl: 600,
      expires_at: new Date(Number(username.split(':')[0]) * 1000).toISOString(),
    });
    expect(second.body['ice_servers']).not.toEqual(first.body['ice_servers']);
    expect(JSON.stringify(first.body)).not.toContain(SECRET);
  });

  it('is empty where nothing is configured', async () => {
    await using server = await TestServer.listen(testPipeline('conversation'));
    expect((await server.api.get('v1/stream/ice-servers')).body).toEqual({ ice_servers: [], ice_transport_policy: 'all' });
  });
});

describe('an address that stands for the server elsewhere', () => {
  it('is announced instead of the own ones, on a port of the range, and media comes through it', async () => {
    await using server = await TestServer.start(testPipeline('conversation'), {
      TELEFUSER_ICE_HOST_ADDRESSES: PUBLIC,
      TELEFUSER_ICE_HOST_ADDRESS_MODE: 'replace',
      TELEFUSER_ICE_UDP_PORTS: '28110-28119',
    });
    await using client = await WeriftClient.prepare(WATCH);
    const answer = await client.offer(server.api);
    const [candidate, ...others] = candidatesOf(answer.body['sdp']);
    expect([candidate?.address, others]).toEqual([PUBLIC, []]);
    expect(candidate?.port).toBeGreaterThanOrEqual(28_110);
    expect(candidate?.port).toBeLessThanOrEqual(28_119);
    // What the NAT does: the same port of the address behind it.
    const sdp = String(answer.body['sdp']).replaceAll(PUBLIC, machineAddress());
    await client.accept({ ...answer, body: { ...answer.body, sdp } });
  });

  it('is announced beside them unless told otherwise', async () => {
    await using server = await TestServer.start(testPipeline('conversation'), { TELEFUSER_ICE_HOST_ADDRESSES: PUBLIC });
    await using client = await WeriftClient.prepare(WATCH);
    const addresses = candidatesOf((await client.offer(server.api)).body['sdp']).map(({ address }) => address);
    expect(addresses).toContain(PUBLIC);
    expect(addresses).toContain(machineAddress());
  });
});

describe('a range of UDP ports', () => {
  const RANGE = {
    TELEFUSER_ICE_HOST_ADDRESSES: `${PUBLIC},${machineAddress()}`,
    TELEFUSER_ICE_HOST_ADDRESS_MODE: 'replace',
    TELEFUSER_WEBRTC_MAX_SESSIONS: '2',
  } as const;

  it('that is just large enough serves as many sessions as may be open, and the next ones when they are closed', async () => {
    const ports = { TELEFUSER_ICE_UDP_PORTS: '28120-28123' } as const;
    await using server = await TestServer.start(testPipeline('conversation'), { ...RANGE, ...ports });
    for (let round = 1; round <= 2; round += 1) {
      const clients = await Promise.all([WeriftClient.prepare(WATCH), WeriftClient.prepare(WATCH)]);
      const answers = await Promise.all(clients.map((client) => client.offer(server.api)));
      const used = answers.flatMap(({ body }) => candidatesOf(body['sdp']).map(({ port }) => port));
      expect(used.toSorted((a, b) => a - b)).toEqual([28_120, 28_121, 28_122, 28_123]);
      for (const [index, client] of clients.entries()) {
        const answer = answers[index];
        if (answer !== undefined) await client.accept(answer);
        await client.close();
      }
      await server.idle();
    }
  });

  it('that others have taken is a clear error, and the session’s slot is given back', async () => {
    const taken = await Promise.all(
      [28_124, 28_125, 28_126, 28_127].map(async (port) => {
        const socket = createSocket('udp4');
        const listening = once(socket, 'listening');
        socket.bind(port);
        await listening;
        return socket;
      }),
    );
    try {
      const ports = { TELEFUSER_ICE_UDP_PORTS: '28124-28127' } as const;
      await using server = await TestServer.start(testPipeline('conversation'), { ...RANGE, ...ports });
      await using client = await WeriftClient.prepare(WATCH);
      const { status, headers, body } = await client.offer(server.api);
      expect([status, headers.get('retry-after'), body['code']]).toEqual([503, '5', 'no-media-path']);
      expect(body['detail']).toContain('no UDP port from 28124 to 28127 is free');
      expect(server.slotsInUse).toBe(0);
    } finally {
      for (const socket of taken) socket.close();
    }
  });

  it('that is too small stops the start, and says how large it must be', async () => {
    await using command = CommandProcess.spawn(
      ['stream-serve', shippedPipeline('test-pattern'), '--port', '0', '--host', '127.0.0.1'],
      { ...RANGE, TELEFUSER_ICE_UDP_PORTS: '28120-28122' },
    );
    expect(await command.exitCode()).toBe(2);
    expect(command.stderr).toContain('TELEFUSER_ICE_UDP_PORTS has 3 ports, and 2 sessions need 4: 2 each');
    expect(command.stderr).toContain('give it 28120-28123, lower TELEFUSER_WEBRTC_MAX_SESSIONS to 1');
  });
});

describe('media that may only be relayed', () => {
  it('is a clear error where no TURN server relays it', async () => {
    const nobody = createSocket('udp4');
    const listening = once(nobody, 'listening');
    nobody.bind(0, '127.0.0.1');
    await listening;
    try {
      await using server = await TestServer.start(testPipeline('conversation'), {
        TELEFUSER_TURN_SERVERS: `turn:127.0.0.1:${nobody.address().port}?transport=udp`,
        TELEFUSER_TURN_SECRET: SECRET,
        TELEFUSER_ICE_TRANSPORT_POLICY: 'relay',
        TELEFUSER_ICE_GATHER_TIMEOUT_SECONDS: '0.3',
      });
      await using client = await WeriftClient.prepare(WATCH);
      const { status, body } = await client.offer(server.api);
      expect([status, body['code']]).toEqual([503, 'no-media-path']);
      expect(body['detail']).toContain('TURN server');
    } finally {
      nobody.close();
    }
  });
});
