import { describe, expect, it } from 'vitest';

import { terminalOutput } from './terminal.js';

const CLEAR = '\r\u001B[K';

function output(isTTY: boolean, columns?: number): { out: ReturnType<typeof terminalOutput>; written: string[] } {
  const written: string[] = [];
  const write = (text: string): number => written.push(text);
  return { out: terminalOutput({ stdout: { write }, stderr: { write, isTTY, columns } }), written };
}

describe('terminalOutput', () => {
  it('writes over what goes on, and puts lines before it', () => {
    const { out, written } = output(true);
    out.progress('1 s');
    out.progress('1 s');
    out.progress('2 s');
    out.line('Connected');
    out.progress('');
    out.line('Ended');
    expect(written).toEqual([`${CLEAR}1 s`, `${CLEAR}2 s`, CLEAR, 'Connected\n', `${CLEAR}2 s`, CLEAR, 'Ended\n']);
  });

  it('keeps to the width of the terminal', () => {
    const { out, written } = output(true, 6);
    out.progress('0123456789');
    expect(written).toEqual([`${CLEAR}01234`]);
  });

  it('lets no text of a server reach the terminal as a command', () => {
    const { out, written } = output(true);
    out.progress('at \u001B]0;x\u0007');
    out.line('says \u001B]0;x\u0007\u009B2J');
    expect(written).toEqual([`${CLEAR}at  ]0;x `, CLEAR, 'says  ]0;x  2J\n', `${CLEAR}at  ]0;x `]);
  });

  it('leaves out what goes on where nobody looks', () => {
    const { out, written } = output(false);
    out.progress('1 s');
    out.line('Connected');
    out.progress('');
    expect(written).toEqual(['Connected\n']);
  });
});
