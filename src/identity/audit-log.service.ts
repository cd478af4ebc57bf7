import { Injectable, Logger } from '@nestjs/common';

import type { Identity, Owner } from './identity.js';

/** Context of its lines, by which they can be told from others and sent elsewhere. */
const CONTEXT = 'Audit';
const MAX_VALUE_CHARACTERS = 128;

/** What happened. */
export type AuditEvent =
  | 'session-opened'
  | 'session-closed'
  | 'session-close-requested'
  | 'session-denied'
  | 'token-minted'
  | 'credential-refused'
  | 'scope-refused'
  | 'rate-limited';

/** What is said of it; what is undefined is left out. Never a credential. */
export type AuditDetails = Readonly<Record<string, string | undefined>>;

/** One line for each act that matters to security: who did what, and who was refused why. */
@Injectable()
export class AuditLog {
  private readonly logger = new Logger(CONTEXT);

  /** Something that was allowed. */
  record(event: AuditEvent, who: Identity | Owner | undefined, details: AuditDetails = {}): void {
    this.logger.log(event, fieldsOf(who, details));
  }

  /** Something that was refused. */
  refuse(event: AuditEvent, who: Identity | undefined, details: AuditDetails = {}): void {
    this.logger.warn(event, fieldsOf(who, details));
  }
}

function fieldsOf(who: Identity | Owner | undefined, details: AuditDetails): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries({ ...whoIs(who), ...details }).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, harmless(value)]],
    ),
  );
}

function whoIs(who: Identity | Owner | undefined): AuditDetails {
  if (who === undefined) return {};
  if ('kind' in who) return { by: who.kind, name: who.name, tenant: who.tenant };
  return { tenant: who.tenant, subject: who.subject, token: who.tokenId };
}

/**
 * A value that comes from outside, as it may stand in a line: printable ASCII without spaces and `=`, so that nobody can forge a line, a field or
 * an escape sequence of a terminal; and not too long. Pure.
 */
export function harmless(value: string): string {
  const cut = value.length > MAX_VALUE_CHARACTERS ? `${value.slice(0, MAX_VALUE_CHARACTERS)}~` : value;
  return cut.replaceAll(/[^\u0021-\u003c\u003e-\u007e]/gu, '?');
}
