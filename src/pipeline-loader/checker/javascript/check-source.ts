import type { SecurityLevel } from '../../../config/index.js';
import { ReferenceRules } from './reference-rules.js';
import type { SourceCheck } from './source-check.js';
import { parseSource } from './source-parser.js';

/**
 * Checks the text of a TypeScript or JavaScript file against a level. Pure, and never throws: a text that is no program is a finding.
 *
 * @param file its name says what it is: `.ts`, `.mts`, `.js`, `.mjs`, `.cjs` …
 */
export function checkSource(text: string, file: string, level: SecurityLevel): SourceCheck {
  const parsed = parseSource(text, file);
  if ('problem' in parsed) {
    const remedy =
      parsed.problem.rule === 'syntax' ? 'Correct it there.' : 'Split the expression; the check reads a few thousand levels.';
    return { findings: [{ ...parsed.problem, remedy }], imports: [] };
  }
  return level === 'permissive' ? { findings: [], imports: [] } : new ReferenceRules(parsed.program, level).check();
}
