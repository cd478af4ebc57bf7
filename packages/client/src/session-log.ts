import type { LogEntry, LogEvent } from './options.js';
import type { StreamError } from './stream-error.js';

const MAX_ENTRIES = 500;

const LEVELS: Readonly<Partial<Record<LogEvent, LogEntry['level']>>> = {
  disconnected: 'warning',
  'attempt-failed': 'warning',
  'going-away': 'warning',
  waiting: 'debug',
  failed: 'error',
};

/** The last lines of a session's log. */
export class SessionLog {
  readonly entries: LogEntry[] = [];

  /** @param written told of each line. */
  constructor(private readonly written: (entry: LogEntry) => void) {}

  write(event: LogEvent, message: string, error?: StreamError): void {
    const entry: LogEntry = {
      atUnixMs: Date.now(),
      level: LEVELS[event] ?? 'info',
      event,
      message,
      ...(error === undefined ? {} : { error }),
    };
    this.entries.push(entry);
    if (this.entries.length > MAX_ENTRIES) this.entries.shift();
    this.written(entry);
  }
}
