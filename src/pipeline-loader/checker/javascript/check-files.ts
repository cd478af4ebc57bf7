import { stat } from 'node:fs/promises';
import { dirname, extname, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SecurityLevel } from '../../../config/index.js';
import { MAX_FILES, MAX_FINDINGS, type CheckReport, type Finding } from '../finding.js';
import { isInside, readSourceFile } from '../source-file.js';
import { checkSource } from './check-source.js';
import type { LocalImport } from './source-check.js';

/** Data, which is read and not run. */
const DATA: ReadonlySet<string> = new Set(['.json', '.wasm']);
/** A message may name what a stranger wrote. */
const MAX_MESSAGE_LENGTH = 1000;
/** What `require` tries behind a path, in its order. */
const REQUIRE_SUFFIXES = ['', '.js', '.json', '.ts', '/index.js', '/index.ts'] as const;

/** Checks a pipeline's module and every file that it imports from its folder. Paths are absolute, and real ones. Never rejects. */
export async function checkFiles(entry: string, folder: string, level: SecurityLevel): Promise<CheckReport> {
  const check = new FilesCheck(folder, level);
  await check.run(entry);
  const place = new Map(check.files.map((file, index) => [file, index]));
  const placeOf = ({ file }: Finding): number => place.get(file) ?? MAX_FILES;
  check.findings.sort((a, b) => placeOf(a) - placeOf(b) || a.line - b.line || a.column - b.column);
  return { files: check.files, findings: check.findings.slice(0, MAX_FINDINGS) };
}

class FilesCheck {
  readonly files: string[] = [];
  readonly findings: Finding[] = [];
  readonly #seen = new Set<string>();

  constructor(
    private readonly folder: string,
    private readonly level: SecurityLevel,
  ) {}

  async run(entry: string): Promise<void> {
    const queue = [entry];
    this.#seen.add(entry);
    for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
      if (this.files.length === MAX_FILES) {
        this.#note(
          path,
          1,
          1,
          'too-many-files',
          `the pipeline imports more than ${MAX_FILES} files`,
          'Bundle them into fewer files.',
        );
        return;
      }
      if (this.findings.length >= MAX_FINDINGS) return;
      queue.push(...(await this.#checkFile(path)));
    }
  }

  /** @returns the files it imports that were not seen before */
  async #checkFile(path: string): Promise<string[]> {
    this.files.push(this.#nameOf(path));
    const source = await readSourceFile(path, this.folder);
    if (source.kind === 'missing') {
      this.#note(path, 1, 1, 'not-a-file', 'there is no such file', 'Write it, or take out the import of it.');
      return [];
    }
    if (source.kind === 'problem') {
      this.#note(path, 1, 1, source.rule, source.message, source.remedy);
      return [];
    }
    if (DATA.has(extname(path))) return [];
    const { findings, imports } = checkSource(source.text, path, this.level);
    for (const finding of findings) this.#note(path, finding.line, finding.column, finding.rule, finding.message, finding.remedy);
    const targets = await Promise.all(imports.map((item) => this.#resolve(item, path)));
    const fresh = targets.filter((target) => target !== undefined && !this.#seen.has(target)) as string[];
    for (const target of fresh) this.#seen.add(target);
    return [...new Set(fresh)];
  }

  /** The file of the pipeline that an import leads to, if it does. A missing one is no business of the check: loading will say it. */
  async #resolve({ specifier, line, column }: LocalImport, importer: string): Promise<string | undefined> {
    const target = pathOf(specifier, importer);
    if (target === undefined || !isInside(this.folder, target)) {
      const remedy = "Load it from a file in the pipeline's folder.";
      this.#note(importer, line, column, 'import-outside', `${specifier} is outside the pipeline's folder`, remedy);
      return undefined;
    }
    for (const suffix of REQUIRE_SUFFIXES) {
      const candidate = target + suffix;
      if (await isThere(candidate)) return candidate;
    }
    return undefined;
  }

  #note(path: string, line: number, column: number, rule: Finding['rule'], message: string, remedy: string): void {
    this.findings.push({ file: this.#nameOf(path), line, column, rule, message: message.slice(0, MAX_MESSAGE_LENGTH), remedy });
  }

  #nameOf(path: string): string {
    return relative(this.folder, path).split(sep).join('/');
  }
}

function pathOf(specifier: string, importer: string): string | undefined {
  try {
    if (specifier.startsWith('file:')) return fileURLToPath(specifier);
    return resolve(dirname(importer), decodeURIComponent(specifier.replace(/[?#].*$/su, '')));
  } catch {
    return undefined;
  }
}

/** Anything but a folder. */
async function isThere(path: string): Promise<boolean> {
  try {
    return !(await stat(path)).isDirectory();
  } catch {
    return false;
  }
}
