import { apiKey } from './api-key.command.js';
import { parseInvocation } from './arguments.js';
import { bench } from './bench.command.js';
import { EXIT_CODES, type ExitReason } from './exit-codes.js';
import { helpText } from './help.js';
import { newPipeline } from './new.command.js';
import type { ProcessPort, Server } from './server.port.js';
import { reportFailure, streamServe } from './stream-serve.command.js';
import { validate } from './validate.command.js';
import { watch } from './watch.command.js';

/** Runs the command that `args` (what follows `telefuser`) ask for. Never rejects. Resolves with the exit code when it is done. */
export async function runCommand(args: readonly string[], process: ProcessPort, server: Server): Promise<number> {
  try {
    return EXIT_CODES[await run(args, process, server)].code;
  } catch (error) {
    return EXIT_CODES[reportFailure(error, process)].code;
  }
}

async function run(args: readonly string[], process: ProcessPort, server: Server): Promise<ExitReason> {
  const invocation = parseInvocation(args);
  switch (invocation.kind) {
    case 'help':
      process.stdout.write(helpText(invocation.command));
      return 'ok';
    case 'version':
      process.stdout.write(`${(await import('../common/index.js')).VERSION}\n`);
      return 'ok';
    case 'stream-serve':
      return streamServe(invocation, process, server);
    case 'validate':
      return validate(invocation, process, server);
    case 'new':
      return newPipeline(invocation, process);
    case 'api-key':
      return apiKey(invocation, process, server);
    case 'watch':
      return watch(invocation, process, server);
    case 'bench':
      return bench(invocation, process, server);
    default:
      return invocation satisfies never;
  }
}
