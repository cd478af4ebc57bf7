// `npm run build`: builds `dist`. With `--if-stale` only when a source has changed since the last build.
import { build, finish, install } from './bootstrap.mjs';

finish(async () => {
  install();
  build({ force: !process.argv.includes('--if-stale') });
  return 0;
});
