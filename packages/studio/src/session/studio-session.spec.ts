import type { StreamSession } from '@telefuser/stream-client';
import { describe, expect, it } from 'vitest';
import { StudioSession } from './studio-session.ts';

/** A place whose session is live, and what is sent by it. */
function livePlace(): { readonly place: StudioSession; readonly sent: readonly string[] } {
  const sent: string[] = [];
  const control = ({ key, action }: Readonly<Record<string, unknown>>): void =>
    void sent.push(`${String(action)} ${String(key)}`);
  const place = new StudioSession();
  place.tell({ session: { control } as unknown as StreamSession, phase: { name: 'live' } });
  return { place, sent };
}

describe('the keys of a session', () => {
  it('that are let go of while it is away are released when it is back, once', () => {
    const { place, sent } = livePlace();
    place.press('ArrowUp', 'keyboard');
    place.press('w', 'keyboard');
    place.tell({ phase: { name: 'reconnecting' } });
    place.releaseAll();
    expect(sent).toEqual(['press ArrowUp', 'press w']);
    expect(place.keys.get().held.size).toBe(0);
    place.tell({ phase: { name: 'live' } });
    expect(sent.slice(2)).toEqual(['release ArrowUp', 'release w']);
    place.tell({ phase: { name: 'reconnecting' } });
    place.tell({ phase: { name: 'live' } });
    expect(sent).toHaveLength(4);
  });

  it('that are let go of as it ends are not released in the next one', () => {
    const { place, sent } = livePlace();
    place.press('ArrowUp', 'keyboard');
    place.tell({ phase: { name: 'reconnecting' } });
    place.releaseAll();
    place.finish({ name: 'ended', reason: undefined });
    place.tell({ phase: { name: 'live' } });
    expect(sent).toEqual(['press ArrowUp']);
  });
});
