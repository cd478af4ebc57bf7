import { Logger } from '@nestjs/common';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';

import { AuditLog, harmless } from './audit-log.service.js';
import { ANYONE } from './identity.js';

afterEach(() => {
  vi.restoreAllMocks();
});

describe('AuditLog', () => {
  it('says who did what, with what it was about in fields', () => {
    const log = vi.spyOn(Logger.prototype, 'log').mockImplementation(() => undefined);
    const who = { ...ANYONE, kind: 'api-key', name: 'k001', tenant: 'acme' } as const;
    new AuditLog().record('session-opened', who, { session_id: 's1', reason: undefined });
    expect(log).toHaveBeenLastCalledWith('session-opened', { by: 'api-key', name: 'k001', tenant: 'acme', session_id: 's1' });
    new AuditLog().record('session-closed', { tenant: 'acme', subject: 'ann', tokenId: 't' });
    expect(log).toHaveBeenLastCalledWith('session-closed', { tenant: 'acme', subject: 'ann', token: 't' });
  });

  it('lets nothing that came from outside forge a line or a field', () => {
    const warn = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    const credential = 'x\n2026 LOG [Audit] event=session-opened \u001b[31m'.padEnd(500, 'y');
    new AuditLog().refuse('credential-refused', undefined, { credential });
    const [event, fields] = warn.mock.lastCall ?? [];
    expect(event).toBe('credential-refused');
    expect((fields as { readonly credential: string }).credential).toMatch(/^[\u0021-\u003c\u003e-\u007e]{1,129}$/u);
  });
});

describe('harmless', () => {
  it('leaves printable ASCII of at most 128 characters, and a mark where there was more', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), (text) => {
        expect(harmless(text)).toMatch(/^[\u0021-\u003c\u003e-\u007e]{0,129}$/u);
      }),
    );
    expect(harmless('demo-1')).toBe('demo-1');
  });
});
