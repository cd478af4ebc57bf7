/** One reason why the configuration cannot be used. */
export interface ConfigurationProblem {
  /** What the user wrote: the name of an environment variable, or of a command line flag. */
  readonly name: string;
  /** What is wrong with it, and what to do; a sentence without its full stop. */
  readonly message: string;
}

/** The configuration cannot be used. It lists every problem at once, so that the user need not find them one start at a time. */
export class ConfigurationError extends Error {
  constructor(readonly problems: readonly ConfigurationProblem[]) {
    super(problems.map(({ message }) => message).join('; '));
    this.name = 'ConfigurationError';
  }
}
