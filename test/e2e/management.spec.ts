import { describe, expect, it } from 'vitest';

import { ApiClient } from '../support/api-client.ts';
import { CommandProcess, TestServer, testPipeline } from '../support/server.ts';

const ON_A_PORT = { TELEFUSER_MANAGEMENT_PORT: '0' } as const;

function managementOf({ server }: TestServer): ApiClient {
  if (server.managementUrl === undefined) throw new Error('there is no management listener');
  return new ApiClient(server.managementUrl);
}

describe('the management listener', () => {
  it('answers the probes on a port of its own, and they stay on the port of the API', async () => {
    await using server = await TestServer.start(testPipeline('server-push'), ON_A_PORT);
    const management = managementOf(server);
    expect(management.url).not.toBe(server.api.url);
    for (const path of ['livez', 'readyz', 'startupz']) {
      const answer = await management.get(path);
      expect(answer, path).toMatchObject({ status: 200, body: { status: 'ok' } });
      expect(answer.headers.get('cache-control')).toBe('no-store');
      expect(await server.api.get(path)).toMatchObject({ status: 200, body: answer.body });
    }
  });

  it('has nothing of the API, and answers what it does not have with a problem document', async () => {
    await using server = await TestServer.start(testPipeline('server-push'), ON_A_PORT);
    const management = managementOf(server);
    for (const path of ['', 'docs', 'openapi.json', 'v1/service/health', 'v1/stream/sessions/a/status']) {
      expect(await management.get(path), path).toMatchObject({ status: 404, body: { code: 'not-found' } });
    }
    expect(await management.offer({ sdp: 'v=0', type: 'offer' })).toMatchObject({ status: 404, body: { code: 'not-found' } });
  });

  it('is not there unless it is asked for', async () => {
    await using server = await TestServer.start(testPipeline('server-push'));
    expect(server.server.managementUrl).toBeUndefined();
  });

  it('stops the start with the name of its variable when its port is taken, and leaves no process behind', async () => {
    await using server = await TestServer.start(testPipeline('server-push'), ON_A_PORT);
    const { port } = new URL(managementOf(server).url);
    await using command = CommandProcess.spawn(
      ['stream-serve', testPipeline('server-push'), '--host', '127.0.0.1', '--port', '0'],
      { TELEFUSER_MANAGEMENT_PORT: port, TELEFUSER_LOG_LEVEL: 'error' },
    );
    expect(await command.exitCode()).toBe(5);
    expect(command.stderr).toMatch(
      new RegExp(`^telefuser: port ${port} on 127\\.0\\.0\\.1 is in use\\. .*TELEFUSER_MANAGEMENT_PORT\\.$`, 'mu'),
    );
    expect(command.stdout).toBe('');
  });

  it('says in the log where it is, and leaves the line that says where the server is alone', async () => {
    await using serving = await CommandProcess.serve(testPipeline('server-push'), {
      ...ON_A_PORT,
      TELEFUSER_SECURITY_LEVEL: 'permissive',
    });
    expect(serving.command.stdout.trim().split('\n')).toEqual([expect.stringMatching(/^Ready: /u)]);
    expect((await new ApiClient(await serving.command.managementUrl()).get('livez')).status).toBe(200);
  });
});
