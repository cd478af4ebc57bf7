import type { Finding } from '../finding.js';

/** A finding without the file it is in. */
export type SourceFinding = Omit<Finding, 'file'>;

/** An import that may lead to a file of the pipeline. */
export interface LocalImport {
  readonly specifier: string;
  readonly line: number;
  readonly column: number;
}

/** What one file says. */
export interface SourceCheck {
  readonly findings: readonly SourceFinding[];
  readonly imports: readonly LocalImport[];
}
