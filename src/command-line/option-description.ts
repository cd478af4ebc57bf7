/** One option of a command. What it is called is its key in the table. */
export interface OptionDescription {
  readonly short?: string;
  /** What stands for its value in the help; an option without takes none. */
  readonly value?: string;
  /** It may be given several times. */
  readonly repeatable?: true;
  /** The configuration variable it stands for, whose class knows what is allowed. */
  readonly variable?: string;
  readonly description: string;
}
