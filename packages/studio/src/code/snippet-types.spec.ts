import { TelefuserStreamElement } from '@telefuser/stream-client/element';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { elementSnippet, reactSnippet, sdkSnippet } from './sdk-snippets.ts';
import type { SnippetSettings } from './snippet-settings.ts';

const EVERYTHING: SnippetSettings = {
  baseUrl: 'https://example.com/stream/',
  offer: {
    task: 'demo',
    prompt: `it's a "fox" & <b>`,
    fps: 12,
    duration_s: 30,
    config: { steps: 4 },
    image: 'data:image/png;base64,AA',
  },
  isBidirectional: true,
  needsCredential: true,
  camera: true,
  microphone: true,
  relayOnly: true,
  iceServers: false,
};
const NOTHING: SnippetSettings = {
  baseUrl: 'https://example.com/',
  offer: { task: 'demo' },
  isBidirectional: false,
  needsCredential: false,
  camera: false,
  microphone: false,
  relayOnly: false,
  iceServers: true,
};

/** The start tag of the element, whose attributes all have the form that the snippet writes. */
const TAG = /<telefuser-stream\n(?<attributes>.*?)\n><\/telefuser-stream>/su;
const SCRIPT = /<script type="module">\n(?<code>.*?)<\/script>/su;

const partOf = (pattern: RegExp, text: string): string => Object.values(pattern.exec(text)?.groups ?? {}).join('');

describe('the code to connect with the SDK', () => {
  it('is what the SDK’s types allow', () => {
    const codes = [EVERYTHING, NOTHING].flatMap((settings, index) => [
      [`sdk-${index}.js`, sdkSnippet(settings)] as const,
      [`react-${index}.jsx`, reactSnippet(settings)] as const,
      [`element-${index}.js`, partOf(SCRIPT, elementSnippet(settings))] as const,
    ]);
    // That it is looked at closely enough shows one that names what there is not.
    const wrong = reactSnippet(NOTHING).replace('{ state,', '{ state, stats,');
    const objections = objectionsTo(new Map([...codes, ['wrong.jsx', wrong]]));
    expect(objections.filter((text) => !text.includes('/wrong.jsx'))).toEqual([]);
    expect(objections.join()).toContain("'stats' does not exist");
  });

  it('gives the custom element attributes that it has', () => {
    const known = new Set([...TelefuserStreamElement.observedAttributes, 'paused']);
    const names = (settings: SnippetSettings): string[] =>
      [...partOf(TAG, elementSnippet(settings)).matchAll(/^ {2}(?<name>[\w-]+)(?:=(?:"[^"<]*"|'[^'<]*'))?$/gmu)].map(
        ({ groups }) => groups?.['name'] ?? '',
      );
    const all = names(EVERYTHING);
    expect(all.filter((name) => !known.has(name))).toEqual([]);
    expect(all).toEqual(
      expect.arrayContaining(['src', 'credential', 'task', 'prompt', 'fps', 'config', 'image', 'relay-only', 'paused']),
    );
    // With nothing left for a script it connects by itself.
    expect(names(NOTHING)).toEqual(['src', 'task', 'muted', 'controls']);
  });
});

/** What the compiler says of JavaScript files that stand beside this one. */
function objectionsTo(codes: ReadonlyMap<string, string>): readonly string[] {
  const folder = decodeURIComponent(new URL('.', import.meta.url).pathname);
  const files = new Map([...codes].map(([name, code]) => [`${folder}${name}`, code]));
  const options: ts.CompilerOptions = {
    allowJs: true,
    checkJs: true,
    noEmit: true,
    strict: false,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    jsx: ts.JsxEmit.ReactJSX,
    lib: ['lib.es2024.d.ts', 'lib.esnext.disposable.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
    types: [],
    skipLibCheck: true,
  };
  const disk = ts.createCompilerHost(options);
  const host: ts.CompilerHost = {
    ...disk,
    fileExists: (path) => files.has(path) || disk.fileExists(path),
    readFile: (path) => files.get(path) ?? disk.readFile(path),
    getSourceFile: (path, language, ...rest) => {
      const code = files.get(path);
      return code === undefined ? disk.getSourceFile(path, language, ...rest) : ts.createSourceFile(path, code, language);
    },
  };
  const program = ts.createProgram([...files.keys()], options, host);
  return ts
    .getPreEmitDiagnostics(program)
    .map(({ file, messageText }) => `${file?.fileName ?? ''}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`);
}
