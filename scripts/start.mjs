// `npm start [-- <arguments of stream-serve>]`: installs and builds what is missing, then serves a pipeline.
import { build, finish, install, root, runNode } from './bootstrap.mjs';
import { join } from 'node:path';

const DEFAULT_PIPELINE = 'pipelines/video-replay';

/** `npm start -- -p 9000` means the default pipeline on another port; a first word that is no option names a pipeline. */
function serveArguments(given) {
  const namesPipeline = given.length > 0 && (!given[0].startsWith('-') || given.includes('--help') || given.includes('-h'));
  return namesPipeline ? given : [DEFAULT_PIPELINE, ...given];
}

finish(async () => {
  install();
  build();
  return runNode([join(root, 'dist', 'cli.js'), 'stream-serve', ...serveArguments(process.argv.slice(2))]);
});
