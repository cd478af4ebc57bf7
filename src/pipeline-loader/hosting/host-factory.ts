import { execFile } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { Logger } from '@nestjs/common';
import { readEnvironment, type Configuration, type SecurityLevel } from '../../config/index.js';
import { errorMessage } from '../contract/error-message.js';
import { PipelineStartError } from '../pipeline.errors.js';
import type { PipelineOptions } from '../pipeline.options.js';
import { hostCommand, type SandboxedCommand } from '../sandbox/host-command.js';
import type { AdmittedPipeline } from '../security-policy.js';
import { hostEnvironment } from './host-environment.js';
import { PipelineHost } from './pipeline-host.js';
import type { HostFactory } from './worker-pool.js';

const MIB = 1024 * 1024;
const REMOVE_TIMEOUT_MS = 30_000;
/** Share of the machine's or the container's memory that the processes of a pipeline may use together, unless the operator says. */
const MEMORY_SHARE = 0.75;

/** Starts processes of an admitted pipeline, each with what its security level gives it. */
export function createHostFactory(
  admitted: AdmittedPipeline,
  options: PipelineOptions,
  configuration: Configuration,
): HostFactory {
  const memoryLimitBytes = memoryLimit(configuration);
  const told = new Set<string>();
  return async (name, onExit) => {
    const scratch = options.securityLevel === 'standard' ? await mkdtemp(join(tmpdir(), 'telefuser-scratch-')) : undefined;
    const cleanUp = async (): Promise<void> => {
      if (scratch === undefined) return;
      await removeFolder(scratch).catch((error: unknown) =>
        new Logger(name).warn(`${scratch} stays behind: ${errorMessage(error)}`),
      );
    };
    try {
      const command = await commandFor(admitted, options, configuration, memoryLimitBytes, scratch);
      for (const note of command.notes) {
        if (!told.has(note)) new Logger(name).warn(note);
        told.add(note);
      }
      return new PipelineHost(
        {
          name,
          command: {
            ...command,
            environment: {
              ...command.environment,
              // Where a user's own packages are, which Python would look for under HOME.
              ...(admitted.python?.userBase === undefined ? {} : { PYTHONUSERBASE: admitted.python.userBase }),
              ...hostEnvironment(readEnvironment(), options.securityLevel, configuration),
            },
          },
          file: admitted.file.entry,
          gpuNum: options.gpuNum,
          options: options.options,
          startTimeoutMs: configuration.pipelineStartTimeoutSeconds * 1000,
          callTimeoutMs: configuration.pipelineCallTimeoutSeconds * 1000,
          closeTimeoutMs: configuration.pipelineCloseTimeoutSeconds * 1000,
          hangTimeoutMs: configuration.pipelineHangTimeoutSeconds * 1000,
          memoryLimitBytes,
          cleanUp,
          ...(options.securityLevel === 'permissive' ? {} : { sandboxHint: sandboxHint(options.securityLevel) }),
        },
        onExit,
      );
    } catch (error) {
      await cleanUp();
      throw error;
    }
  };
}

async function commandFor(
  { file, python }: AdmittedPipeline,
  { securityLevel }: PipelineOptions,
  { pipelineAssets }: Configuration,
  memoryLimitBytes: number,
  scratch: string | undefined,
): Promise<SandboxedCommand> {
  try {
    return await hostCommand({
      language: file.language,
      level: securityLevel,
      entry: file.entry,
      folder: file.folder,
      assets: pipelineAssets.map((path) => resolve(path)),
      memoryLimitBytes,
      ...(scratch === undefined ? {} : { scratch }),
      ...(python === undefined ? {} : { python: { command: python.executable, readablePaths: python.readablePaths } }),
    });
  } catch (error) {
    throw new PipelineStartError('sandbox', errorMessage(error));
  }
}

function sandboxHint(level: SecurityLevel): string {
  return (
    `The sandbox of the level ${level} may have refused this: files outside the pipeline's folder need --asset, writing ` +
    `needs ${level === 'strict' ? '--security-level standard and its scratch folder (TMPDIR)' : 'the scratch folder (TMPDIR)'}, ` +
    `network and processes need --security-level permissive; docs/security.md says more.`
  );
}

/** In a process of its own: a pipeline may have filled the folder with more files than the server's loop has time for. */
async function removeFolder(folder: string): Promise<void> {
  const script = 'fs.rmSync(process.argv[1], { recursive: true, force: true })';
  await promisify(execFile)(process.execPath, ['--eval', script, folder], { timeout: REMOVE_TIMEOUT_MS, env: {} });
}

/** Bytes of one process. */
function memoryLimit({ pipelineMemoryLimitMib, pipelineWorkers }: Configuration): number {
  if (pipelineMemoryLimitMib > 0) return pipelineMemoryLimitMib * MIB;
  // Undefined or beyond the machine's memory where no control group limits it.
  const constrained = process.constrainedMemory();
  const available = constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
  return Math.floor((available * MEMORY_SHARE) / pipelineWorkers);
}
