import { parse, type ParserOptions } from '@babel/parser';
import { extname } from 'node:path';
import type { Rule } from '../finding.js';
import type { SyntaxNode } from './syntax-tree.js';

/** Why a text is no program. */
export interface SyntaxProblem {
  readonly rule: Extract<Rule, 'syntax' | 'too-deep'>;
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

const TYPESCRIPT: ReadonlySet<string> = new Set(['.ts', '.mts', '.cts']);
const MODULE_ONLY: ReadonlySet<string> = new Set(['.mts', '.mjs']);
const SCRIPT_ONLY: ReadonlySet<string> = new Set(['.cts', '.cjs']);

/** The tree of a TypeScript or JavaScript file. Never throws. */
export function parseSource(text: string, file: string): { readonly program: SyntaxNode } | { readonly problem: SyntaxProblem } {
  const extension = extname(file);
  const sourceTypes = MODULE_ONLY.has(extension)
    ? (['module'] as const)
    : SCRIPT_ONLY.has(extension)
      ? (['commonjs'] as const)
      : (['module', 'commonjs'] as const);
  let problem: SyntaxProblem | undefined;
  for (const sourceType of sourceTypes) {
    try {
      const options: ParserOptions = {
        sourceType,
        attachComment: false,
        plugins: [
          'deferredImportEvaluation',
          'sourcePhaseImports',
          ...(TYPESCRIPT.has(extension) ? (['typescript'] as const) : []),
        ],
      };
      return { program: parse(text, options).program as unknown as SyntaxNode };
    } catch (error) {
      // What is wrong with it as a module is what its author wants to know.
      problem ??= describeProblem(error);
    }
  }
  return { problem: problem ?? describeProblem(undefined) };
}

function describeProblem(error: unknown): SyntaxProblem {
  if (error instanceof RangeError) {
    return { rule: 'too-deep', line: 1, column: 1, message: 'the source is nested too deeply to be read' };
  }
  const { loc, message } = (error ?? {}) as { loc?: { line: number; column: number }; message?: string };
  const what = (message ?? 'the source cannot be read').split('\n')[0]?.replace(/\.?\s*\(\d+:\d+\)$/u, '') ?? '';
  return { rule: 'syntax', line: loc?.line ?? 1, column: (loc?.column ?? 0) + 1, message: what };
}
