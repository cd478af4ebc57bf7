import { MAX_FILES, MAX_FINDINGS, RULES, type CheckReport, type Finding, type Rule } from './finding.js';

const MAX_TEXT = 4096;

/**
 * Reads what a checker printed. It read a stranger's source, so its word is not taken for granted.
 *
 * @throws Error that says what is wrong with it
 */
export function parseCheckReport(text: string): CheckReport {
  const document: unknown = JSON.parse(text);
  if (!isRecord(document)) throw new Error('the report is no object');
  const { files, findings } = document;
  if (!Array.isArray(files) || files.length === 0 || files.length > MAX_FILES || !files.every(isText)) {
    throw new Error(`the report must list 1 to ${MAX_FILES} files`);
  }
  if (!Array.isArray(findings) || findings.length > MAX_FINDINGS) {
    throw new Error(`the report must list at most ${MAX_FINDINGS} findings`);
  }
  return { files: files.map(clean), findings: findings.map(parseFinding) };
}

function parseFinding(value: unknown): Finding {
  if (!isRecord(value)) throw new Error('a finding is no object');
  const { file, line, column, rule, message, remedy } = value;
  if (!isText(file) || !isText(message) || !isText(remedy)) throw new Error('a finding lacks a text');
  if (!isPosition(line) || !isPosition(column)) throw new Error('a finding lacks its position');
  if (!RULES.includes(rule as Rule)) throw new Error('a finding has an unknown rule');
  return { file: clean(file), line, column, rule: rule as Rule, message: clean(message), remedy: clean(remedy) };
}

/** What is printed in a terminal and a log stays on its line, in its colour and in its direction. */
function clean(text: string): string {
  return text.replaceAll(/\p{C}/gu, '\uFFFD');
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_TEXT;
}

function isPosition(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 1;
}
