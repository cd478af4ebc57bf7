import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';
import { describe, expect, it } from 'vitest';

const ENTRY = 'virtual:entry';
const here = (name: string): string => JSON.stringify(fileURLToPath(new URL(name, import.meta.url)));

/** What a bundler makes of a page's code, minified. */
async function bundle(code: string): Promise<string> {
  const built = await build({
    configFile: false,
    logLevel: 'silent',
    plugins: [
      {
        name: 'entry',
        resolveId: (id) => (id === ENTRY ? id : undefined),
        load: (id) => (id === ENTRY ? code : undefined),
      },
    ],
    build: {
      write: false,
      minify: true,
      target: 'es2022',
      rolldownOptions: { input: ENTRY, external: ['react'], preserveEntrySignatures: 'strict' },
    },
  });
  const [output] = Array.isArray(built) ? built : [built];
  if (output === undefined || !('output' in output)) throw new Error('nothing was built');
  return output.output.map((chunk) => ('code' in chunk ? chunk.code : '')).join('\n');
}

const CORE = `export * from ${here('index.ts')};`;
const REACT = `export * from ${here('react/index.ts')};`;
const ELEMENT = `export * from ${here('element/define.ts')};`;

describe('the size of the client, gzipped', () => {
  it.each([
    ['the core', CORE, 13_600],
    ['with React', CORE + REACT, 14_200],
    ['with the element', CORE + ELEMENT, 14_500],
    ['everything', CORE + REACT + ELEMENT, 15_000],
  ])('is within its bound: %s', async (_what, code, mostBytes) => {
    const { length } = gzipSync(await bundle(code), { level: 9 });
    expect(length).toBeLessThan(mostBytes);
  });

  it('is next to nothing for who only uses the errors', async () => {
    const all = await bundle(CORE);
    const some = await bundle(`import { StreamError } from ${here('index.ts')}; console.log(StreamError);`);
    expect(some.length).toBeLessThan(all.length / 3);
    expect(some).not.toContain('RTCPeerConnection');
  });
});
