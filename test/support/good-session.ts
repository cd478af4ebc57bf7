import { expect } from 'vitest';

import { waitFor } from './condition.ts';
import type { TestServer } from './server.ts';
import { WATCH, WeriftClient } from './werift-client.ts';

/** Two small pictures, in the words of the `server-push` pipeline's script. */
export const PICTURE = { count: 2, format: 'I420', width: 64, height: 48, colour: [9, 9, 9] } as const;
/** A script that shows them and ends. */
export const PLAY = { script: [{ frames: PICTURE }] };

/** A good session from offer to close: the server of `server-push` still serves. */
export async function expectGoodPush(server: { readonly api: TestServer['api'] }): Promise<void> {
  await using client = await WeriftClient.connect(server.api, WATCH, PLAY);
  await waitFor('video', () => client.video.packets.length > 0);
  expect(await server.api.closeReason(client.sessionId)).toBe('completed');
}

/** The same for that of `conversation`. */
export async function expectGoodTalk(server: { readonly api: TestServer['api'] }): Promise<void> {
  await using client = await WeriftClient.connect(server.api, WATCH);
  client.send('are you there?');
  await client.message('an answer', ({ data }) => data?.['heard'] === 'are you there?');
  client.send({ type: 'stop' });
  expect(await server.api.closeReason(client.sessionId)).toBe('client_stop');
}
