import { expect, it } from 'vitest';

import { documentBlocks } from './document-blocks.ts';

it('finds the blocks of a document with what is to be done with them', () => {
  const document = '# A\n\n```sh run\nls\n```\n\n```text\nshown\n```\n```ts file=a/b.ts\nlet a;\n\nlet b;\n```\n';
  expect(documentBlocks(document)).toEqual([
    { line: 3, language: 'sh', role: 'run', text: 'ls\n' },
    { line: 7, language: 'text', role: '', text: 'shown\n' },
    { line: 10, language: 'ts', role: 'file=a/b.ts', text: 'let a;\n\nlet b;\n' },
  ]);
});

it.each([
  ['```sh\nls\n```', 'line 1: say after "sh" how the block is tested'],
  ['\n```json hears\n{}\n```', 'line 2: say after "json" how'],
  ['```python not-run:\n```', 'line 1: say after "python"'],
  ['```sh run\nls\n', 'line 1: the block is not closed'],
])('refuses a block that is neither tested nor said not to be: %j', (document, message) => {
  expect(() => documentBlocks(document)).toThrow(message);
});
