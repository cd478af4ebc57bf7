import { Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import { Problem } from '../common/index.js';
import type { Owner } from '../identity/index.js';
import type { CloseReason } from './close-reason.js';
import { SessionSlots } from './session-slots.service.js';
import type { Session } from './session.js';

/** Closed sessions whose end is remembered, so that a client can ask why. */
const MAX_REMEMBERED = 1000;

/** How a session ended, and whose it was. */
export interface EndedSession {
  readonly reason: CloseReason;
  readonly owner: Owner;
}

export interface SessionStatistics {
  readonly active: number;
  readonly serverPush: number;
  readonly bidirectional: number;
  /** How many may be active. */
  readonly max: number;
}

/** The open sessions by id, and the ends of the last closed ones. An id is taken from its reservation until its session is gone. */
@Injectable()
export class SessionRegistry implements BeforeApplicationShutdown {
  private readonly logger = new Logger(SessionRegistry.name);
  private readonly reserved = new Set<string>();
  private readonly sessions = new Map<string, Session>();
  private readonly ended = new Map<string, EndedSession>();
  private stopping: CloseReason | undefined;
  private endsAtMs: number | undefined;

  constructor(private readonly slots: SessionSlots) {}

  /** Takes an id for a session that is about to be built. Throws the problem `session-conflict` if it is taken. */
  reserve(id: string): void {
    if (this.stopping !== undefined) throw new Problem('service-not-running', 'The server is shutting down.');
    if (this.reserved.has(id))
      throw new Problem('session-conflict', `A session "${id}" is already open. Choose another session_id.`);
    this.reserved.add(id);
  }

  /** Gives back an id whose session was not built, or is gone. */
  free(id: string): void {
    this.sessions.delete(id);
    this.reserved.delete(id);
  }

  add(session: Session): void {
    this.sessions.set(session.id, session);
    this.ended.delete(session.id);
    // Its offer was being negotiated when the others were told, or closed.
    if (this.endsAtMs !== undefined) session.announceEnd(this.endsAtMs);
    if (this.stopping !== undefined) void session.close(this.stopping);
  }

  /** Forgets a session that has closed, but not why. */
  remove({ id, owner }: Pick<Session, 'id' | 'owner'>, reason: CloseReason): void {
    this.free(id);
    this.ended.set(id, { reason, owner });
    const oldest = this.ended.size > MAX_REMEMBERED ? this.ended.keys().next() : undefined;
    if (oldest?.done === false) this.ended.delete(oldest.value);
  }

  get(id: string): Session | undefined {
    return this.sessions.get(id);
  }

  /** How a session ended, if it did so lately. */
  getEnded(id: string): EndedSession | undefined {
    return this.ended.get(id);
  }

  stats(): SessionStatistics {
    let serverPush = 0;
    for (const session of this.sessions.values()) if (session.mode === 'server_push') serverPush += 1;
    return { active: this.sessions.size, serverPush, bidirectional: this.sessions.size - serverPush, max: this.slots.max };
  }

  /** Every session that is open or being closed. */
  open(): Session[] {
    return [...this.sessions.values()];
  }

  /** Tells every client, and those that come, that the server ends. @param deadlineMs when it does at the latest, milliseconds since 1970 */
  announceEnd(deadlineMs: number): void {
    this.endsAtMs = deadlineMs;
    for (const session of this.sessions.values()) session.announceEnd(deadlineMs);
  }

  /** Closes every session, and whichever is opened from now on. */
  async closeAll(reason: CloseReason): Promise<void> {
    this.stopping ??= reason;
    await Promise.all([...this.sessions.values()].map((session) => session.close(reason)));
  }

  /** Runs before the pipeline's host is stopped, so that every run is closed in order. */
  async beforeApplicationShutdown(): Promise<void> {
    if (this.sessions.size > 0) this.logger.log(`closing ${this.sessions.size} sessions`);
    await this.closeAll('server_shutdown');
  }
}
