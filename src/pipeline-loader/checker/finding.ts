/** What a finding is about. `docs/security.md` says what each of them refuses. */
export const RULES = [
  'syntax',
  'too-deep',
  'too-large',
  'too-many-files',
  'not-utf8',
  'not-a-file',
  'symlink-outside',
  'import-not-allowed',
  'import-outside',
  'dynamic-import',
  'dynamic-code',
  'reflection',
  'process-access',
  'process-spawn',
  'network',
  'native-code',
  'file-write',
  'check-failed',
] as const;

export type Rule = (typeof RULES)[number];

/** One thing in a pipeline's source that its level does not allow. */
export interface Finding {
  /** Relative to the pipeline's folder, with slashes. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units for TypeScript and JavaScript, in characters for Python. */
  readonly column: number;
  readonly rule: Rule;
  /** What was found, without a full stop. */
  readonly message: string;
  /** What to do, a full sentence. */
  readonly remedy: string;
}

/** What the check of one pipeline says. It passes when there are no findings. */
export interface CheckReport {
  /** Every file that was read, relative to the pipeline's folder, the entry first. */
  readonly files: readonly string[];
  /** At most {@link MAX_FINDINGS}, in the order of the files and of the lines in them. */
  readonly findings: readonly Finding[];
}

export const MAX_FINDINGS = 200;
/** Files of one pipeline that are read. */
export const MAX_FILES = 200;
/** Size of one of them. */
export const MAX_FILE_BYTES = 1024 * 1024;

/** `file:line:column rule: message`, the form that compilers use and editors open. */
export function describeFinding({ file, line, column, rule, message }: Finding): string {
  return `${file}:${line}:${column} ${rule}: ${message}`;
}
