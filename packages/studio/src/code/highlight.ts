export interface Token {
  readonly kind: 'plain' | 'comment' | 'text' | 'word' | 'number';
  readonly text: string;
}

const WORDS = new Set(
  'import from const let await async new function return export default for of if throw def with as class lambda in None True False true false null'.split(
    ' ',
  ),
);

/** Comments, texts, numbers and names, in this order of precedence; near enough for JavaScript, Python, HTML and a shell. */
const PATTERN =
  /(?<comment>(?<=^|\s)(?:\/\/|#)[^\n]*)|(?<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`)|(?<number>\b\d+(?:\.\d+)?\b)|(?<word>[A-Za-z_]\w*)/gmu;

/** The parts of a snippet, to be shown in their colours; joined they are the snippet. */
export function highlight(code: string): readonly Token[] {
  const tokens: Token[] = [];
  let end = 0;
  for (const match of code.matchAll(PATTERN)) {
    if (match.index > end) tokens.push({ kind: 'plain', text: code.slice(end, match.index) });
    tokens.push({ kind: kindOf(match), text: match[0] });
    end = match.index + match[0].length;
  }
  if (end < code.length) tokens.push({ kind: 'plain', text: code.slice(end) });
  return tokens;
}

function kindOf({ groups = {}, 0: text }: RegExpMatchArray): Token['kind'] {
  if (groups['comment'] !== undefined) return 'comment';
  if (groups['text'] !== undefined) return 'text';
  if (groups['number'] !== undefined) return 'number';
  return WORDS.has(text) ? 'word' : 'plain';
}
