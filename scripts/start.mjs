// `npm start [-- <arguments of stream-serve>]`: installs and builds what is missing, then serves a pipeline.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import util from 'node:util';
import { build, finish, install, root, runNode } from './bootstrap.mjs';
import { serveArguments } from './serve-arguments.mjs';

/** The variables the server will see: the environment's, and behind them those of the clone's `.env`. */
function serverEnvironment() {
  const file = join(root, '.env');
  // Node before 20.12 cannot read such a file.
  const fromFile = existsSync(file) ? util.parseEnv?.(readFileSync(file, 'utf8')) : {};
  return { ...fromFile, ...process.env };
}

finish(async () => {
  install();
  build();
  const { args, note } = serveArguments(process.argv.slice(2), serverEnvironment());
  if (note !== undefined) console.error(note);
  return runNode([join(root, 'dist', 'cli.js'), 'stream-serve', ...args]);
});
