import { fileURLToPath } from 'node:url';

import type { NestFastifyApplication } from '@nestjs/platform-fastify';

/** The studio as it was built; its package lies beside `src` and `dist`. */
const STUDIO_FOLDER = fileURLToPath(new URL('../packages/studio/dist/', import.meta.url));

/** Files that have their content's hash in their name. */
const HASHED = /[/\\]assets[/\\]/u;
const FOREVER = 'public, max-age=31536000, immutable';
/** Kept, but asked for again each time: the ETag then spares the download. */
const ASK_FIRST = 'no-cache';

interface Reply {
  header(name: string, value: string): unknown;
}

/** The studio at `/`: its page is always the newest, and what it consists of is fetched once. */
export function serveStudio(app: NestFastifyApplication): void {
  app.useStaticAssets({
    root: STUDIO_FOLDER,
    // Routes for the files that exist now, rather than a wildcard that would answer in place of "no such route".
    wildcard: false,
    // The build puts a compressed file beside each of the larger ones.
    preCompressed: true,
    cacheControl: false,
    // What comes is Fastify's reply (@fastify/static 10); Nest's types still have what came before.
    setHeaders: (reply, path) =>
      void (reply as unknown as Reply).header('cache-control', HASHED.test(path) ? FOREVER : ASK_FIRST),
  });
}
