import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { fateAt, type Misdeed, type SandboxedLevel } from '../pipelines/hostile/misdeed.ts';
import { NODE_MISDEEDS } from '../pipelines/hostile/node-misdeeds.ts';
import { PYTHON_MISDEEDS } from '../pipelines/hostile/python-misdeeds.ts';
import { waitFor } from '../support/condition.ts';
import { HostileServer, type Played } from '../support/hostile-server.ts';
import { HostileWorld, SECRET } from '../support/hostile-world.ts';
import { WeriftClient, type ChannelMessage } from '../support/werift-client.ts';

const PYTHON = '/usr/bin/python3';
const MISDEEDS = { node: NODE_MISDEEDS, python: PYTHON_MISDEEDS } as const;
type Language = keyof typeof MISDEEDS;

/** Frames that the others get while a misdeed stalls its session. */
const FRAMES_MEANWHILE = 20;

/** What E2E_TABLE=1 prints. */
const table: string[] = [];

afterAll(() => {
  if (process.env['E2E_TABLE'] !== undefined) process.stdout.write(`${table.join('\n')}\n`);
});

function note(language: Language, level: SandboxedLevel, check: string, { name }: Misdeed, message: string): void {
  table.push(`| ${language} | ${level} | ${check} | ${name} | ${message.replaceAll('|', '\\|').slice(0, 150)} |`);
}

/** What is to be said of a session in which every frame that was yielded was sent and came. */
function withoutLoss({ indexes: { length } }: Played): Played {
  return {
    indexes: Array.from({ length }, (_, index) => index),
    account: `frames: ${length} generated, ${length} sent`,
    frames: length,
  };
}

describe.each([
  ['node', 'strict'],
  ['node', 'standard'],
  ['python', 'strict'],
  ['python', 'standard'],
] as const)('a hostile %s pipeline at %s', (language, level) => {
  const misdeeds = MISDEEDS[language];
  const passing = misdeeds.filter(({ refusedAt }) => !refusedAt.includes(level));

  describe.each([
    ['off', misdeeds],
    ['on, which lets these through', passing],
  ] as const)('at run time, with the check %s', (check, rows) => {
    let world: HostileWorld;
    let server: HostileServer;
    /** Plays in the process that the misdeeds are committed in, until the first that ends it. */
    let neighbour: WeriftClient;
    /** Plays in the other process. */
    let stranger: WeriftClient;
    /** Commits what is stopped. */
    let villain: WeriftClient;

    const kinds = Map.groupBy(rows, (misdeed) => Object.keys(fateAt(misdeed, level))[0]);
    const named = (...kind: readonly string[]) =>
      kind.flatMap((name) => kinds.get(name) ?? []).map((misdeed) => [misdeed.name, misdeed] as const);

    beforeAll(async () => {
      world = await HostileWorld.make(language, rows);
      server = await HostileServer.start(world, level, {
        skipValidation: check === 'off',
        environment: { TELEFUSER_PYTHON: PYTHON },
      });
      neighbour = await server.watch();
      stranger = await server.watch();
      villain = await server.connect();
    });
    afterAll(async () => {
      await villain?.close();
      await stranger?.close();
      await neighbour?.close();
      await server?.stop();
      await world?.[Symbol.asyncDispose]();
    });

    /** Orders a misdeed, and waits for the first message of the client about it that fits. */
    const commit = async (
      client: WeriftClient,
      { name }: Misdeed,
      fits: (message: ChannelMessage) => boolean,
    ): Promise<ChannelMessage> => {
      const before = client.messages.length;
      client.send({ misdeed: name, facts: world.facts(server.pid) });
      return waitFor(
        () =>
          `an outcome of "${name}"; the client got ${JSON.stringify(client.messages.slice(before))}, and the server printed ${server.log.slice(-2000)}`,
        () => client.messages.slice(before).find(fits),
        15_000,
      );
    };
    const isOutcome = ({ data, error }: ChannelMessage): boolean => data?.['misdeed'] !== undefined || error !== undefined;
    const isError = ({ error }: ChannelMessage): boolean => error !== undefined;

    const expectNoHarm = async (): Promise<void> => {
      expect(await world.harm(server.pid)).toEqual([]);
    };

    it.each(named('stopped'))('%s', async (_name, misdeed) => {
      const { data } = await commit(villain, misdeed, isOutcome);
      const message = typeof data?.['stopped'] === 'string' ? data['stopped'] : `not stopped: ${JSON.stringify(data)}`;
      note(language, level, check, misdeed, message);
      expect(message).toMatch((fateAt(misdeed, level) as { stopped: RegExp }).stopped);
      await expectNoHarm();
    });

    it.each(named('refused'))('%s', async (_name, misdeed) => {
      const { data, error } = await commit(villain, misdeed, isOutcome);
      const message = error ?? `not refused: ${JSON.stringify(data)}`;
      note(language, level, check, misdeed, message);
      expect(message).toMatch((fateAt(misdeed, level) as { refused: RegExp }).refused);
      await expectNoHarm();
    });

    it.each(named('contained'))('%s', async (_name, misdeed) => {
      const { data } = await commit(villain, misdeed, isOutcome);
      note(language, level, check, misdeed, `contained: ${(fateAt(misdeed, level) as { contained: string }).contained}`);
      expect(data).toHaveProperty('done');
      expect(JSON.stringify(data)).not.toContain(SECRET);
      await expectNoHarm();
    });

    it.each(named('stalled'))('%s', async (_name, misdeed) => {
      const client = await server.connect();
      client.send({ misdeed: misdeed.name, facts: world.facts(server.pid) });
      const frames = neighbour.video.packets.length + FRAMES_MEANWHILE;
      await waitFor('the neighbour to play on', () => neighbour.video.packets.length >= frames);
      expect(client.messages).toEqual([]);
      await client.close();
      note(language, level, check, misdeed, 'its own session stands still; the others of its process play on');
      await expectNoHarm();
    });

    it('takes the name of another session', async () => {
      const { status, body } = await server.offer({ takes: stranger.sessionId });
      expect([status, body['detail']]).toEqual([409, expect.stringMatching(/session/u)]);
    });

    it('played to the neighbour without a dropped frame meanwhile', async () => {
      await villain.close();
      const played = await server.finish(neighbour);
      expect(played).toEqual(withoutLoss(played));
    });

    it.each(named('crashed'))('%s', async (_name, misdeed) => {
      await server.ready();
      const client = await server.connect();
      const { error } = await commit(client, misdeed, isError);
      note(language, level, check, misdeed, String(error));
      expect(error).toMatch((fateAt(misdeed, level) as { crashed: RegExp }).crashed);
      const { reason } = await client.message('closed', ({ type }) => type === 'closed');
      expect(reason).toBe('pipeline_crashed');
      await client.close();
      await expectNoHarm();
    });

    it('played to the stranger without a dropped frame meanwhile', async () => {
      const played = await server.finish(stranger);
      expect(played).toEqual(withoutLoss(played));
    });
  });
});
