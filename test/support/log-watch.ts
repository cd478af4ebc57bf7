/** Shorter ones would be found by chance. */
const MIN_SECRET_CHARACTERS = 12;
/** Of one log; what is older was searched before it is forgotten. */
const MAX_LOG_CHARACTERS = 8 * 1024 * 1024;
const SHOWN_CHARACTERS = 160;

/** Looks for secrets in logs. Both may come at any time, in any order: a token is made before a client learns of it. */
export class LogWatch {
  /** What each secret is, by its text. */
  private readonly secrets = new Map<string, string>();
  private readonly logs = new Map<string, string>();
  private readonly found = new Set<string>();

  /** From now on, and in all that was logged before, nobody may find this. Texts that are too short to be secrets are none. */
  keep(what: string, secret: string): void {
    if (secret.length >= MIN_SECRET_CHARACTERS) this.secrets.set(secret, what);
  }

  /** Adds a piece to a log; pieces may end anywhere. */
  append(log: string, piece: string): void {
    const text = (this.logs.get(log) ?? '') + piece;
    this.logs.set(log, text);
    if (text.length <= MAX_LOG_CHARACTERS) return;
    this.search(log, text);
    this.logs.set(log, text.slice(-MAX_LOG_CHARACTERS / 2));
  }

  /** One line for each secret and each log that has it. What was told is not told again. */
  takeFindings(): string[] {
    for (const [log, text] of this.logs) this.search(log, text);
    const findings = [...this.found];
    this.found.clear();
    this.logs.clear();
    return findings;
  }

  private search(log: string, text: string): void {
    for (const [secret, what] of this.secrets) {
      const at = text.indexOf(secret);
      if (at === -1) continue;
      const line = text.slice(text.lastIndexOf('\n', at) + 1).split('\n', 1)[0] ?? '';
      this.found.add(`${what} is in the log of ${log}: ${line.slice(0, SHOWN_CHARACTERS)}`);
    }
  }
}
