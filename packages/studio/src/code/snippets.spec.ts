import { describe, expect, it } from 'vitest';
import { highlight } from './highlight.ts';
import { literal, pythonLiteral, type SnippetSettings } from './snippet-settings.ts';
import { SNIPPETS, type SnippetName } from './snippets.ts';

const SETTINGS: SnippetSettings = {
  baseUrl: 'https://example.com/stream/',
  offer: {
    task: 'demo',
    prompt: `it's a "fox" \\ & <b>`,
    fps: 12,
    duration_s: 30,
    seed: 7,
    config: { steps: 4, loop: true, note: null },
  },
  isBidirectional: true,
  needsCredential: true,
  camera: true,
  microphone: false,
  relayOnly: true,
  iceServers: true,
};
const NAMES = Object.keys(SNIPPETS) as SnippetName[];

describe('the code to connect with', () => {
  it.each(NAMES)('names the server in %s, and never a credential', (name) => {
    const code = SNIPPETS[name].write(SETTINGS);
    expect(code).toContain('https://example.com/stream/');
    expect(SNIPPETS[name].write({ ...SETTINGS, needsCredential: false })).not.toContain('YOUR_KEY');
  });

  it.each(NAMES)('has all settings in %s', (name) => {
    const code = SNIPPETS[name].write(SETTINGS);
    for (const part of ['demo', 'fps', 'duration_s', '30', 'seed', 'steps', 'fox']) expect(code).toContain(part);
  });

  it('shows an image by its place only', () => {
    const image = `data:image/png;base64,${'A'.repeat(10_000)}`;
    for (const name of NAMES)
      expect(SNIPPETS[name].write({ ...SETTINGS, offer: { task: 'demo', image } }).length).toBeLessThan(4000);
  });

  it('sends no controls to a pipeline that takes none', () => {
    for (const name of NAMES)
      expect(SNIPPETS[name].write({ ...SETTINGS, isBidirectional: false })).not.toMatch(/ArrowUp|controlByKeys|arrows/u);
  });
});

describe('literals', () => {
  it('are JavaScript that means the value', () => {
    const { prompt = '', config } = SETTINGS.offer;
    expect(literal(prompt)).toBe(String.raw`'it\'s a "fox" \\ & <b>'`);
    expect(literal(config)).toBe('{\n  steps: 4,\n  loop: true,\n  note: null,\n}');
    expect(literal({ 'a-b': ['x'] })).toBe("{\n  'a-b': [\n    'x',\n  ],\n}");
  });

  it('are Python that means the value', () => {
    expect(pythonLiteral(SETTINGS.offer.config)).toBe('{\n    "steps": 4,\n    "loop": True,\n    "note": None,\n}');
  });
});

describe('the colours of code', () => {
  it.each(NAMES)('change nothing in %s', (name) => {
    const code = SNIPPETS[name].write(SETTINGS);
    expect(
      highlight(code)
        .map(({ text }) => text)
        .join(''),
    ).toBe(code);
  });
});
