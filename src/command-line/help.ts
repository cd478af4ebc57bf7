import { EXIT_CODES } from './exit-codes.js';

const EXITS = Object.values(EXIT_CODES)
  .map(({ code, meaning }) => `  ${code}  ${meaning}`)
  .join('\n');

/** Text of `--help`, for the program and for each command. */
export const HELP = {
  telefuser: `Usage: telefuser <command> [options]

Commands:
  stream-serve <pipeline>  serve a pipeline to browsers over WebRTC

Options:
  -h, --help     print this, or with a command its options
      --version  print the version

Exit codes:
${EXITS}
`,
  'stream-serve': `Usage: telefuser stream-serve <pipeline> [options]

Serves <pipeline>, a file or a folder that exports getService(), over WebRTC, with a page that plays it.

Options:
  -p, --port <number>           TCP port, 0 for any free one (TELEFUSER_PORT, default 8088)
      --host <address>          address to listen on (TELEFUSER_HOST, default 0.0.0.0)
      --security-level <level>  strict, standard or permissive (TELEFUSER_SECURITY_LEVEL, default strict)
      --skip-validation         do not check the pipeline file before it is loaded
  -g, --gpu-num <number>        GPUs the pipeline may use, handed to getService() (default 1)
  -h, --help                    print this

Options win over the environment, and the environment wins over a .env file in the working directory.
docs/configuration.md lists every TELEFUSER_ variable.

Exit codes:
${EXITS}
`,
} as const;
