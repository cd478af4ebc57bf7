import { readFile, writeFile } from 'node:fs/promises';

import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';

import { AppModule } from './app.module.js';
import { createHttpAdapter } from './app.setup.js';
import { Configuration } from './config/index.js';
import { createApiDocument } from './openapi-document.js';
import { firstDifference } from './openapi-difference.js';
import { upgradeDocument } from './openapi-upgrade.js';

/** The documents of the repository, by what each holds. */
const FILES = {
  'openapi.json': (document: Document) => document,
  'openapi-3.1.json': upgradeDocument,
};

type Document = Readonly<Record<string, unknown>>;

/** Writes the documents from the built application, or with `--check` says whether the committed ones are up to date. */
async function main(check: boolean): Promise<void> {
  const described = JSON.parse(JSON.stringify(await describeApplication())) as Document;
  for (const [name, make] of Object.entries(FILES)) {
    const file = new URL(`../${name}`, import.meta.url);
    if (check) await compare(name, file, make(described));
    else await writeFile(file, `${JSON.stringify(make(described), null, 2)}\n`);
  }
}

async function compare(name: string, file: URL, document: Document): Promise<void> {
  const committed: unknown = JSON.parse(await readFile(file, 'utf8').catch(() => 'null'));
  const difference = firstDifference(committed, document);
  if (difference === undefined) return;
  process.stderr.write(`${name} differs from the build at ${difference}. Run "npm run openapi" and commit the file.\n`);
  process.exitCode = 1;
}

/** Preview mode knows the modules and routes but makes no provider, so that no pipeline starts and nothing has to be closed. */
async function describeApplication(): Promise<object> {
  const configuration = new Configuration();
  const module = AppModule.register({ configuration, pipeline: { path: 'none', skipValidation: false, gpuNum: 1, options: {} } });
  const options = { preview: true, abortOnError: false, logger: false as const, bodyParser: false };
  const app = await NestFactory.create<NestFastifyApplication>(module, createHttpAdapter(configuration), options);
  return createApiDocument(app);
}

await main(process.argv.includes('--check'));
