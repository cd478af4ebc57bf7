/** Exit codes of the `telefuser` command; `--help` lists them. */
export const EXIT_CODES = {
  ok: { code: 0, meaning: 'ended by a signal, or did what was asked for' },
  unexpected: { code: 1, meaning: 'unexpected error' },
  usage: { code: 2, meaning: 'wrong arguments, or a configuration that cannot be used' },
  pipelineNotLoaded: { code: 3, meaning: 'the pipeline cannot be loaded (no such file, no getService, neither protocol …)' },
  pipelineNotStarted: { code: 4, meaning: "the pipeline's start() failed or took too long" },
  cannotListen: { code: 5, meaning: 'the address is in use or cannot be listened on' },
  refused: { code: 6, meaning: "the pipeline's source does not pass the check of its security level" },
  unreachable: { code: 7, meaning: 'the stream server cannot be reached, or refuses the session' },
  broken: { code: 8, meaning: 'the stream broke off, or not every session of a bench succeeded' },
} as const;

export type ExitReason = keyof typeof EXIT_CODES;
