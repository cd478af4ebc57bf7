import { Logger } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Problem } from '../common/index.js';
import { loadConfiguration } from '../config/index.js';
import type { CloseReason } from './close-reason.js';
import { SessionRegistry } from './session-registry.service.js';
import { SessionSlots } from './session-slots.service.js';
import type { Session } from './session.js';

function registryOf(): SessionRegistry {
  return new SessionRegistry(new SessionSlots(loadConfiguration({ TELEFUSER_WEBRTC_MAX_SESSIONS: '7' })));
}

function sessionOf(
  id: string,
  mode: Session['mode'] = 'server_push',
  close = vi.fn<(reason: CloseReason) => Promise<void>>(),
): Session {
  return { id, mode, close } as unknown as Session;
}

beforeAll(() => Logger.overrideLogger(false));
afterAll(() => Logger.overrideLogger(['log']));

describe('SessionRegistry', () => {
  it('gives an id out once, until it is free again', () => {
    const registry = registryOf();
    registry.reserve('a');
    expect(() => registry.reserve('a')).toThrow(Problem);
    expect(() => registry.reserve('a')).toThrow(expect.objectContaining({ code: 'session-conflict' }));
    registry.reserve('b');
    registry.free('a');
    expect(() => registry.reserve('a')).not.toThrow();
  });

  it('keeps the id of an open session taken until the session is gone, and remembers why it went', () => {
    const registry = registryOf();
    registry.reserve('a');
    registry.add(sessionOf('a'));
    expect(registry.get('a')?.id).toBe('a');
    expect(() => registry.reserve('a')).toThrow(/already open/u);
    registry.remove(sessionOf('a'), 'client_stop');
    expect(registry.get('a')).toBeUndefined();
    expect(registry.getEnded('a')?.reason).toBe('client_stop');
    registry.reserve('a');
    registry.add(sessionOf('a'));
    expect(registry.getEnded('a')?.reason).toBeUndefined();
  });

  it('counts the open sessions by mode', () => {
    const registry = registryOf();
    expect(registry.stats()).toEqual({ active: 0, serverPush: 0, bidirectional: 0, max: 7 });
    registry.add(sessionOf('a'));
    registry.add(sessionOf('b', 'bidirectional'));
    registry.add(sessionOf('c'));
    registry.remove(sessionOf('a'), 'completed');
    expect(registry.stats()).toEqual({ active: 2, serverPush: 1, bidirectional: 1, max: 7 });
  });

  it('remembers the last thousand ends and no more', () => {
    const registry = registryOf();
    for (let index = 0; index < 1001; index += 1) {
      registry.add(sessionOf(`s${index}`));
      registry.remove(sessionOf(`s${index}`), 'completed');
    }
    expect(registry.getEnded('s0')?.reason).toBeUndefined();
    expect(registry.getEnded('s1')?.reason).toBe('completed');
    expect(registry.getEnded('s1000')?.reason).toBe('completed');
  });

  it('closes every session at shutdown and waits for all of them', async () => {
    const registry = registryOf();
    const held = Promise.withResolvers<void>();
    const slow = vi.fn<(reason: CloseReason) => Promise<void>>(() => held.promise);
    const quick = vi.fn<(reason: CloseReason) => Promise<void>>(() => Promise.resolve());
    registry.add(sessionOf('a', 'server_push', slow));
    registry.add(sessionOf('b', 'bidirectional', quick));
    let done = false;
    const shutdown = registry.beforeApplicationShutdown().then(() => (done = true));
    await vi.waitFor(() => expect(quick).toHaveBeenCalledWith('server_shutdown'));
    expect(slow).toHaveBeenCalledWith('server_shutdown');
    expect(done).toBe(false);
    held.resolve();
    await shutdown;
    expect(done).toBe(true);
  });
});
