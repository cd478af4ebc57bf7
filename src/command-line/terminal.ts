import type { ViewerOutput } from '../viewer/index.js';
import { printable } from './printable.js';
import type { ProcessPort } from './server.port.js';

/** To the beginning of the line, and clears it (ECMA-48 `CR`, `EL`). */
const CLEAR = '\r\u001B[K';
const USUAL_COLUMNS = 80;

/**
 * Lines go to the standard output. What goes on is shown on the standard error in one line that is written over, where that is a terminal, and not at all
 * where it is none: a log is not filled with it. Control characters of the text are shown as spaces.
 */
export function terminalOutput({ stdout, stderr }: Pick<ProcessPort, 'stdout' | 'stderr'>): ViewerOutput {
  let shown = '';
  const show = (text: string): void => {
    if (stderr.isTTY !== true || text === shown) return;
    shown = text;
    stderr.write(`${CLEAR}${printable(text).slice(0, (stderr.columns ?? USUAL_COLUMNS) - 1)}`);
  };
  return {
    line(text) {
      const progress = shown;
      show('');
      stdout.write(`${printable(text)}\n`);
      show(progress);
    },
    progress: show,
  };
}
