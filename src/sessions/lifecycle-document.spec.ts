import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CLOSE_REASONS } from './close-reason.js';
import { nextState, SESSION_EVENTS, SESSION_STATES } from './session-state.js';

const document = readFileSync(new URL('../../docs/lifecycle.md', import.meta.url), 'utf8');

/** Cells of the table whose header begins with `firstHeader`. */
function readTable(firstHeader: string): string[][] {
  const lines = document.split('\n');
  const start = lines.findIndex((line) => new RegExp(`^\\| ${firstHeader} +\\|`).test(line));
  const end = lines.findIndex((line, index) => index > start && !line.startsWith('|'));
  return lines
    .slice(start, end)
    .filter((_, index) => index !== 1)
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

describe('docs/lifecycle.md', () => {
  it('shows every arrow of the state machine and no other', () => {
    const [header = [], ...rows] = readTable('state');
    expect(header.slice(1)).toEqual([...SESSION_EVENTS]);
    expect(rows.map(([state]) => state)).toEqual([...SESSION_STATES]);
    const documented = rows.map((cells) => cells.slice(1));
    const coded = SESSION_STATES.map((state) => SESSION_EVENTS.map((event) => nextState(state, event) ?? ''));
    expect(documented).toEqual(coded);
  });

  it('explains every close reason and no other', () => {
    const [, ...rows] = readTable('reason');
    expect(rows.map(([reason]) => reason)).toEqual(CLOSE_REASONS.map((reason) => `\`${reason}\``));
  });
});
