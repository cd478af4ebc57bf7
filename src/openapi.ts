import { readFile, writeFile } from 'node:fs/promises';

import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';

import { AppModule } from './app.module.js';
import { createHttpAdapter } from './app.setup.js';
import { Configuration } from './config/index.js';
import { createApiDocument } from './openapi-document.js';
import { firstDifference } from './openapi-difference.js';

const FILE = new URL('../openapi.json', import.meta.url);

/** Writes `openapi.json` from the built application, or with `--check` says whether the committed one is up to date. */
async function main(check: boolean): Promise<void> {
  const document: unknown = JSON.parse(JSON.stringify(await describeApplication()));
  if (!check) {
    await writeFile(FILE, `${JSON.stringify(document, null, 2)}\n`);
    return;
  }
  const committed: unknown = JSON.parse(await readFile(FILE, 'utf8').catch(() => 'null'));
  const difference = firstDifference(committed, document);
  if (difference === undefined) return;
  process.stderr.write(`openapi.json differs from the build at ${difference}. Run "npm run openapi" and commit the file.\n`);
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
