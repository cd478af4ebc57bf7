import { VERSION } from '../common/index.js';
import { parseInvocation } from './arguments.js';
import { EXIT_CODES, type ExitReason } from './exit-codes.js';
import { HELP } from './help.js';
import type { ProcessPort, Serve } from './server.port.js';
import { reportFailure, streamServe } from './stream-serve.command.js';

/** Runs the command that `args` (what follows `telefuser`) ask for. Never rejects. Resolves with the exit code when it is done. */
export async function runCommand(args: readonly string[], process: ProcessPort, serve: Serve): Promise<number> {
  try {
    return EXIT_CODES[await run(args, process, serve)].code;
  } catch (error) {
    return EXIT_CODES[reportFailure(error, process)].code;
  }
}

async function run(args: readonly string[], process: ProcessPort, serve: Serve): Promise<ExitReason> {
  const invocation = parseInvocation(args);
  switch (invocation.kind) {
    case 'help':
      process.stdout.write(HELP[invocation.command]);
      return 'ok';
    case 'version':
      process.stdout.write(`${VERSION}\n`);
      return 'ok';
    case 'stream-serve':
      return streamServe(invocation, process, serve);
    default:
      return invocation satisfies never;
  }
}
