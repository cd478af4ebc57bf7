#!/usr/bin/env node
import { setFlagsFromString } from 'node:v8';

import { HEAP_FLAGS } from './heap-flags.js';

// Everything else is imported late: an old Node must get as far as the check below, and `--help` should not load the server.
const REQUIRED_NODE_MAJOR = 26;

if (Number.parseInt(process.versions.node, 10) < REQUIRED_NODE_MAJOR) {
  process.stderr.write(
    `telefuser: Node ${REQUIRED_NODE_MAJOR} or newer is needed, and this is ${process.version}. Install it, or use "npx telefuser" in a clone.\n`,
  );
  process.exit(2);
}

for (const flag of HEAP_FLAGS) setFlagsFromString(flag);

const { runCommand } = await import('./command-line/index.js');
const code = await runCommand(process.argv.slice(2), process, {
  serve: async (options) => (await import('./main.js')).serve(options),
  validate: async (request) => (await import('./pipeline-loader/index.js')).validatePipeline(request),
  makeApiKey: async (options) => (await import('./identity/index.js')).makeApiKey(options),
  watch: async (...args) => (await import('./viewer/index.js')).watch(...args),
  bench: async (...args) => (await import('./viewer/index.js')).bench(...args),
});
// Something of a pipeline or a native library may still hold the event loop; everything of ours is closed by now.
process.exit(code);
