/** Results that were measured, each with when and on what; the document is written from them. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import type { Measurement } from '../figures.ts';
import type { Machine } from '../machine.ts';
import { benchmarkCharts } from './charts.ts';
import { benchmarkDocument } from './document.ts';
import type { StoredMeasurement } from './stored-measurement.ts';

const DOCUMENT = fileURLToPath(new URL('../../../docs/benchmarks.md', import.meta.url));
const FOLDER = fileURLToPath(new URL('../../../docs/benchmarks/', import.meta.url));
const RESULTS = `${FOLDER}results.json`;

/** What is stored, with the new results in the place of those with the same id. */
export async function mergeResults(results: readonly Measurement[], machine: Machine): Promise<StoredMeasurement[]> {
  const stored = await readFile(RESULTS, 'utf8').catch(() => '[]');
  const merged = new Map((JSON.parse(stored) as StoredMeasurement[]).map((result) => [result.id, result]));
  for (const result of results) merged.set(result.id, { ...result, machine });
  return [...merged.values()];
}

/** Writes the results, the charts and the document. */
export async function writeReport(results: readonly StoredMeasurement[]): Promise<void> {
  await mkdir(FOLDER, { recursive: true });
  await writeFile(RESULTS, await formatted(RESULTS, JSON.stringify(results)));
  const charts = benchmarkCharts(results);
  for (const { file, svg } of charts) await writeFile(`${FOLDER}${file}`, svg);
  await writeFile(DOCUMENT, await formatted(DOCUMENT, benchmarkDocument(results, charts)));
}

/** As the repository wants its files to be. */
async function formatted(path: string, text: string): Promise<string> {
  return format(text, { ...(await resolveConfig(path)), filepath: path });
}
