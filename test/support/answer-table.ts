import { afterAll } from 'vitest';

import type { Answer } from './api-client.ts';

/** What a file's tests asked and were answered, in order: a table that `E2E_TABLE=1` prints when they are done. */
export class AnswerTable {
  private readonly rows: string[] = [];

  /** Call while the file's tests are declared. */
  constructor() {
    afterAll(() => {
      if (process.env['E2E_TABLE'] === undefined) return;
      const rows = this.rows.map((row, index) => `| ${index + 1} | ${row} |`);
      process.stdout.write(`\n| # | input | answer |\n| --- | --- | --- |\n${rows.join('\n')}\n`);
    });
  }

  record(input: string, answer: string): void {
    this.rows.push(`${input} | ${answer.replaceAll('|', '\\|')}`);
  }
}

/** An answer as the table says it. */
export function inWords({ status, body }: Answer): string {
  const code = body['code'] === undefined ? '' : ` ${body['code'] as string}`;
  return `${status}${code}: ${(body['detail'] as string | undefined) ?? JSON.stringify(body)}`;
}
