/** A fenced block of a document. */
export interface DocumentBlock {
  /** Line of the fence, from 1. */
  readonly line: number;
  /** `sh`, `ts`, `json` …; empty where the fence names none. */
  readonly language: string;
  /** What stands behind the language: what a test does with the block, or why none does. GitHub does not show it. */
  readonly role: string;
  readonly text: string;
}

const FENCE = /^```(?<language>\w*)(?: (?<role>.*))?$/u;
/** Languages that a reader would run, paste or send. */
const RUNNABLE = new Set(['sh', 'bash', 'console', 'js', 'ts', 'jsx', 'tsx', 'python', 'json', 'html', 'yaml']);
const ROLE = /^(run|serve(?: sound| camera)?|send|hear|file=[\w./-]+|not-run: .+)$/u;

/**
 * The fenced blocks of a document.
 *
 * @throws Error naming the line of a fence that is not closed, and of a block that a reader would run and that says neither how it is
 *   tested nor why it is not
 */
export function documentBlocks(markdown: string): DocumentBlock[] {
  const blocks: DocumentBlock[] = [];
  let open: { line: number; language: string; role: string; text: string[] } | undefined;
  for (const [index, text] of markdown.split('\n').entries()) {
    if (open === undefined) {
      const { language = '', role = '' } = FENCE.exec(text)?.groups ?? {};
      if (text.startsWith('```')) open = { line: index + 1, language, role, text: [] };
    } else if (text === '```') {
      checkRole(open);
      blocks.push({ ...open, text: `${open.text.join('\n')}\n` });
      open = undefined;
    } else open.text.push(text);
  }
  if (open !== undefined) throw new Error(`line ${open.line}: the block is not closed`);
  return blocks;
}

function checkRole({ line, language, role }: Omit<DocumentBlock, 'text'>): void {
  if (RUNNABLE.has(language) && !ROLE.test(role))
    throw new Error(
      `line ${line}: say after "${language}" how the block is tested (run, serve, send, hear, file=…), or "not-run: why"`,
    );
}
