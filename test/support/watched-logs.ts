import type { ChildProcess } from 'node:child_process';
import { inspect } from 'node:util';

import type { LoggerService } from '@nestjs/common';

// oxlint-disable-next-line import/no-unassigned-import -- the variables are declared by the class that this loads
import '#server/config/index.js';
import { describeVariables } from '#server/config/variable.decorators.js';
import { LogWatch } from './log-watch.ts';

/** Of this spec file: every server that it starts logs here, and every secret that it uses is known here. */
export const logWatch = new LogWatch();

let count = 0;

/** Keeps what a process prints in the watch, and the secrets of its environment. */
export function watchLogs(child: ChildProcess, environment: Readonly<Record<string, string | undefined>>): void {
  count += 1;
  const log = `process ${child.pid} (${count})`;
  keepSecretsOf(environment);
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => logWatch.append(log, text));
  }
}

/** Keeps the secrets among the variables of a server. */
export function keepSecretsOf(environment: Readonly<Record<string, string | undefined>>): void {
  for (const name of secretVariables()) {
    const value = environment[name];
    if (value === undefined) continue;
    logWatch.keep(name, value);
    // Of API keys a server knows the hashes only; whoever has one can look for the key at leisure.
    for (const [, hash = ''] of value.matchAll(/"sha256":"([^"]+)"/gu)) logWatch.keep(`a hash of ${name}`, hash);
  }
}

/** Keeps the secrets of a conversation with a server: its bodies and headers as text. */
export function keepSecretsIn(...texts: readonly string[]): void {
  for (const text of texts) {
    for (const [, password = ''] of text.matchAll(/a=ice-pwd:([A-Za-z0-9+/]+)/gu)) logWatch.keep('an ICE password', password);
    for (const [, token = ''] of text.matchAll(/"token":"([^"]+)"/gu)) logWatch.keep('a stream token', token);
    for (const [, credential = ''] of text.matchAll(/"?credential"?[:=]"([^"]+)"/gu))
      logWatch.keep('a TURN credential', credential);
  }
}

/** Takes the lines of a server in this process, of every level; they are watched and shown to nobody. */
export function watchedLogger(): LoggerService {
  count += 1;
  const log = `server ${count} of the test`;
  const take = (...said: unknown[]): void => {
    const words = said.map((one) => (typeof one === 'string' ? one : inspect(one, { depth: 4, breakLength: Infinity })));
    logWatch.append(log, `${words.join(' ')}\n`);
  };
  return { fatal: take, error: take, warn: take, log: take, debug: take, verbose: take };
}

/** Variables that are secret by their declaration, so that one that is added is searched for as well; and one that is OpenTelemetry's. */
function secretVariables(): readonly string[] {
  const declared = describeVariables().filter(({ secret }) => secret);
  return [...declared.map(({ name }) => name), 'OTEL_EXPORTER_OTLP_HEADERS'];
}
