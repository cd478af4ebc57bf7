import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../config/index.js';
import { CommandError } from './command.error.js';
import { describeFailure } from './failures.js';

const CORRECT_IT = 'Correct it in the environment or in .env; docs/configuration.md lists what is allowed.';

describe('describeFailure', () => {
  it.each([
    ['TELEFUSER_X is no variable of this server: did you mean TELEFUSER_Y?', '?'],
    ['TELEFUSER_PORT must be a whole number', '.'],
  ])('ends %j with one mark before the remedy', (message, mark) => {
    const { line } = describeFailure(new ConfigurationError([{ name: 'TELEFUSER_X', message }]));
    expect(line).toBe(`${message.replace(/\?$/u, '')}${mark} ${CORRECT_IT}`);
  });

  it('is one line that a terminal may show, whatever a server says', () => {
    const error = new CommandError('broken', 'it says \u001B]0;x\u0007\u009B2J\n  this', 'See the log.');
    expect(describeFailure(error).line).toBe('it says  ]0;x  2J this. See the log.');
  });
});
