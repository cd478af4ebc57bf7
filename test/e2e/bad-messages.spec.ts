import { afterAll, describe, expect, it } from 'vitest';

import { AnswerTable, inWords } from '../support/answer-table.ts';
import { waitFor } from '../support/condition.ts';
import { expectGoodTalk } from '../support/good-session.ts';
import { nested } from '../support/nested-json.ts';
import { CommandProcess, testPipeline, TestServer } from '../support/server.ts';
import { WATCH, WeriftClient, type ClientOptions } from '../support/werift-client.ts';

const table = new AnswerTable();

describe('bad messages', () => {
  const started = TestServer.start(testPipeline('conversation'), { TELEFUSER_MAX_MESSAGE_BYTES: '65536' });
  afterAll(async () => {
    await (await started).close();
  });

  it.each<[string, string | Buffer, string, string]>([
    [
      'a message that is no JSON',
      '{"type":',
      'malformed-message',
      'The message is not JSON. Send a JSON text such as {"type":"control",…}, or binary.',
    ],
    [
      'a message of 65,537 bytes',
      JSON.stringify('x'.repeat(65_535)),
      'message-too-large',
      'The message has 65537 bytes; at most 65536 are taken.',
    ],
    [
      'a binary message of 100,000 bytes',
      Buffer.alloc(100_000),
      'message-too-large',
      'The message has 100000 bytes; at most 65536 are taken.',
    ],
    ['a message 33 levels deep', nested(33), 'message-too-deep', 'The message is nested deeper than 32 levels.'],
    ['a message 10,000 levels deep', nested(10_000), 'message-too-deep', 'The message is nested deeper than 32 levels.'],
  ])('answers %s with an error message', async (input, message, code, detail) => {
    const server = await started;
    await using client = await WeriftClient.connect(server.api, WATCH);
    const { sctp } = client.connection;
    // A client that does not care for the server's a=max-message-size.
    if (sctp !== null) sctp.remoteMaxMessageSize = 10_000_000;
    client.channel.send(message);
    const answer = await client.message('an error', ({ type }) => type === 'error');
    table.record(input, `message error ${answer.code}: ${answer.detail}`);
    expect(answer).toMatchObject({ session_id: client.sessionId, code, detail });
    client.send('still here');
    await client.message('an answer', ({ data }) => data?.['heard'] === 'still here');
    client.send({ type: 'stop' });
    await server.api.closeReason(client.sessionId);
    await server.idle();
  });

  it('answers an empty message with an error message', async () => {
    const server = await started;
    await using client = await WeriftClient.connect(server.api, WATCH);
    // RFC 8831 section 6.6: an empty text is a payload protocol of its own; werift's `send('')` sends nothing.
    const emptyText = 56;
    await client.connection.sctp?.sctp.send(client.channel.id, emptyText, Buffer.from([0]));
    const answer = await client.message('an error', ({ type }) => type === 'error');
    table.record('an empty message', `message error ${answer.code}: ${answer.detail}`);
    expect(answer.code).toBe('malformed-message');
    client.send({ type: 'stop' });
    await server.api.closeReason(client.sessionId);
    await server.idle();
  });

  it.each<[string, string | Buffer, unknown]>([
    ['a message with a __proto__ key', '{"__proto__":{"polluted":1},"x":1}', { x: 1 }],
    ['a binary message', Buffer.from([0, 1, 2]), { bytes: [0, 1, 2], length: 3 }],
    ['a stop inside a list', '[{"type":"stop"}]', [{ type: 'stop' }]],
    ['a message that looks like media', '{"type":"media","video_frames":[]}', { media: 'video' }],
  ])('hands %s to the pipeline', async (input, message, heard) => {
    const server = await started;
    await using client = await WeriftClient.connect(server.api, WATCH);
    client.channel.send(message);
    const answer = await client.message('what was heard', ({ data }) => data?.['heard'] !== undefined);
    table.record(input, `reaches the pipeline: ${JSON.stringify(answer.data?.['heard'])}`);
    expect(answer.data?.['heard']).toEqual(heard);
    client.send({ type: 'stop' });
    await server.api.closeReason(client.sessionId);
    await server.idle();
  });

  it('takes messages that were sent before the channel was open', async () => {
    const server = await started;
    await using client = await WeriftClient.prepare(WATCH);
    client.channel.stateChanged.subscribe((state) => {
      if (state === 'open') client.send('early bird');
    });
    await client.accept(await client.offer(server.api));
    await client.message('an answer', ({ data }) => data?.['heard'] === 'early bird');
    table.record('a message in the moment the channel opens', 'reaches the pipeline');
    client.send({ type: 'stop' });
    await server.api.closeReason(client.sessionId);
    await server.idle();
    expect(server.slotsInUse).toBe(0);
  });

  it('survives a flood of messages', async () => {
    const server = await started;
    await using client = await WeriftClient.connect(server.api, WATCH);
    // More than that at once, and werift's own congestion control needs a second for every thirty, on either side.
    const flood = 250;
    for (let count = 0; count < flood; count += 1) client.send({ count });
    await waitFor('every answer', () => client.messages.length >= flood, 15_000);
    expect(client.messages.map(({ data }) => data?.['heard'])).toEqual(Array.from({ length: flood }, (_, count) => ({ count })));
    table.record('250 messages at once', 'each reaches the pipeline, in order');
    client.send({ type: 'stop' });
    await server.api.closeReason(client.sessionId);
    await expectGoodTalk(server);
    await server.idle();
  });

  it('refuses an offer without a data channel', async () => {
    const server = await started;
    await using client = await WeriftClient.prepare({ ...WATCH, channels: [] });
    const answer = await client.offer(server.api);
    table.record('bidirectional: offer without a data channel', inWords(answer));
    expect(answer).toMatchObject({
      status: 400,
      body: {
        code: 'invalid-sdp',
        detail: 'The offer has no data channel. Call createDataChannel("telefuser") before createOffer().',
      },
    });
    await server.idle();
  });
});

describe('clients that break the protocols below', () => {
  it('cannot end the server with malformed SCTP, DCEP, RTP or RTCP', async () => {
    await using serving = await CommandProcess.serve(testPipeline('conversation'), { TELEFUSER_SECURITY_LEVEL: 'permissive' });
    const { command, api } = serving;
    const attack = async (input: string, options: ClientOptions, act: (client: WeriftClient) => Promise<void>): Promise<void> => {
      await using client = await WeriftClient.connect(api, options);
      await act(client);
      await expectGoodTalk({ api });
      expect(command.child.exitCode, command.stderr).toBeNull();
      const { status } = await api.status(client.sessionId);
      table.record(input, `dropped; the session stays ${status}`);
      await api.delete(client.sessionId);
    };
    await attack('SCTP packets of noise inside DTLS', WATCH, async ({ connection }) => {
      for (let size = 1; size < 200; size += 7) await connection.dtlsTransports[0]?.sendData(Buffer.alloc(size, size));
    });
    await attack('an acknowledgement of a channel that nobody opened (DCEP)', WATCH, async ({ connection }) => {
      const dcep = 50;
      await connection.sctp?.sctp.send(77, dcep, Buffer.from([2]));
    });
    await attack('a message of an unknown payload protocol', WATCH, async ({ connection, channel }) => {
      await connection.sctp?.sctp.send(channel.id, 99, Buffer.from('x'));
    });
    await attack('a truncated open message of a channel (DCEP)', WATCH, async ({ connection }) => {
      await connection.sctp?.sctp.send(79, 50, Buffer.from([3, 0]));
    });
    await attack('RTP with payloads of noise', { video: 'sendonly', audio: 'sendonly' }, async (client) => {
      for (let frame = 0; frame < 60; frame += 1) {
        await client.sendMedia('audio', Buffer.alloc(40, frame * 7), frame * 960);
        await client.sendMedia(
          'video',
          Buffer.concat([Buffer.from([0, 0, 0, 1, 0x65]), Buffer.alloc(200 + frame, frame * 13)]),
          frame * 3000,
        );
      }
    });
    await attack('UDP datagrams of noise', WATCH, async ({ connection }) => {
      const [transport] = connection.iceTransports;
      for (let size = 1; size < 200; size += 11) await transport?.connection.send(Buffer.alloc(size, size));
    });
    await api.noSessions();
  });
});
