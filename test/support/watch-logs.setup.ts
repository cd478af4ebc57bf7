/** Runs beside every spec that starts servers: fails it when one of its servers logged a secret. */
import { afterAll, afterEach, expect } from 'vitest';

import { logWatch } from './watched-logs.ts';

function expectNoSecrets(): void {
  expect(logWatch.takeFindings(), 'secrets in the logs of servers').toEqual([]);
}

afterEach(expectNoSecrets);
// What a server says while it ends, too: this hook is the first that is registered, and so the last that runs.
afterAll(expectNoSecrets);
