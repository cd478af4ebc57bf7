import { describe, expect, it } from 'vitest';

import { LogWatch } from './log-watch.ts';

const SECRET = 'correct horse battery staple';

describe('LogWatch', () => {
  it('finds a secret wherever it is, also in two pieces', () => {
    const watch = new LogWatch();
    watch.keep('TELEFUSER_TURN_SECRET', SECRET);
    watch.append('server 1', `first\nthe secret is ${SECRET.slice(0, 9)}`);
    watch.append('server 1', `${SECRET.slice(9)}, so keep it\nlast\n`);
    watch.append('server 2', 'nothing\n');
    expect(watch.takeFindings()).toEqual([
      `TELEFUSER_TURN_SECRET is in the log of server 1: the secret is ${SECRET}, so keep it`,
    ]);
    expect(watch.takeFindings()).toEqual([]);
  });

  it('finds one that became known after it was logged', () => {
    const watch = new LogWatch();
    watch.append('server', `token ${SECRET} made\n`);
    watch.keep('a token', SECRET);
    expect(watch.takeFindings()).toHaveLength(1);
  });

  it('finds one that was logged long before the end of a long log', () => {
    const watch = new LogWatch();
    watch.keep('a token', SECRET);
    watch.append('server', `${SECRET}\n`);
    for (let piece = 0; piece < 20; piece += 1) watch.append('server', 'x'.repeat(1024 * 1024));
    expect(watch.takeFindings()).toHaveLength(1);
  });

  it('takes no short text for a secret', () => {
    const watch = new LogWatch();
    watch.keep('a password', 'telefuser');
    watch.append('server', 'telefuser\n');
    expect(watch.takeFindings()).toEqual([]);
  });
});
