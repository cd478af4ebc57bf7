import { brotliCompressSync, constants } from 'node:zlib';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

/** Where `npm run dev --workspace @telefuser/studio` finds a running server. */
const DEVELOPMENT_SERVER = 'http://localhost:8088';
/** Smaller files gain nothing. */
const MIN_COMPRESSED_BYTES = 2048;

/** Of eleven; the last two take ten times as long for a few percent. */
const QUALITY = 9;

/** Puts a compressed file beside each large one; the server hands it to browsers that take it. */
function compressed(): Plugin {
  return {
    name: 'compressed',
    apply: 'build',
    generateBundle: {
      // After the page was made, which names the others.
      order: 'post',
      handler(_options, bundle) {
        for (const [fileName, file] of Object.entries(bundle)) {
          const content = Buffer.from(file.type === 'asset' ? file.source : file.code);
          if (content.length < MIN_COMPRESSED_BYTES) continue;
          const source = brotliCompressSync(content, {
            params: { [constants.BROTLI_PARAM_QUALITY]: QUALITY },
          });
          this.emitFile({ type: 'asset', fileName: `${fileName}.br`, source });
        }
      },
    },
  };
}

export default defineConfig({
  root: import.meta.dirname,
  // The server may be published under a path of its proxy's choice.
  base: './',
  plugins: [react(), compressed()],
  build: {
    // As the SDK: what has WebRTC, `requestVideoFrameCallback` and `light-dark()`.
    target: ['chrome123', 'firefox132', 'safari17.5'],
    // The content security policy allows data: for pictures only; and a file with a hash is fetched once.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { proxy: { '/v1': DEVELOPMENT_SERVER, '/docs': DEVELOPMENT_SERVER } },
});
