import { browserSnippet } from './browser-snippet.ts';
import { curlSnippet } from './curl-snippet.ts';
import { pythonSnippet } from './python-snippet.ts';
import { elementSnippet, reactSnippet, sdkSnippet } from './sdk-snippets.ts';
import type { SnippetSettings } from './snippet-settings.ts';

/** The ways to connect, in the order in which they are offered. */
export const SNIPPETS = {
  sdk: { title: 'SDK', write: sdkSnippet },
  react: { title: 'React', write: reactSnippet },
  element: { title: 'HTML', write: elementSnippet },
  browser: { title: 'Plain WebRTC', write: browserSnippet },
  python: { title: 'Python', write: pythonSnippet },
  curl: { title: 'curl', write: curlSnippet },
} as const satisfies Readonly<Record<string, { readonly title: string; readonly write: (settings: SnippetSettings) => string }>>;

export type SnippetName = keyof typeof SNIPPETS;
