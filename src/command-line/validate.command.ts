import { loadConfiguration, readEnvironment } from '../config/index.js';
import type { PipelineFinding } from '../pipeline-loader/index.js';
import type { Invocation } from './arguments.js';
import type { ExitReason } from './exit-codes.js';
import type { ProcessPort, Server } from './server.port.js';

type Validate = Extract<Invocation, { kind: 'validate' }>;

/**
 * Checks a pipeline's source and prints what was found: a line a finding and a summary, or a JSON document.
 *
 * @throws ConfigurationError, or PipelineStartError when there is no pipeline
 */
export async function validate(
  { pipelinePath, flags, json }: Validate,
  { stdout }: ProcessPort,
  server: Pick<Server, 'validate'>,
): Promise<ExitReason> {
  const { securityLevel, python } = loadConfiguration(readEnvironment(), flags);
  const { files, findings, mayBeMore } = await server.validate({
    path: pipelinePath,
    securityLevel,
    ...(python === undefined ? {} : { python }),
  });
  const passed = findings.length === 0;
  if (json) {
    const document = { pipeline: pipelinePath, security_level: securityLevel, files, findings, passed };
    stdout.write(`${JSON.stringify(document, undefined, 2)}\n`);
  } else {
    const checked = `${counted(files.length, 'file')} checked at the level ${securityLevel}`;
    const found = passed ? 'passes' : `does not pass, ${counted(findings.length, 'finding')}${mayBeMore ? ' or more' : ''}`;
    stdout.write([...findings.map(describe), `${pipelinePath} ${found}: ${checked}.`, ''].join('\n'));
  }
  return passed ? 'ok' : 'refused';
}

function describe({ file, line, column, rule, message, remedy }: PipelineFinding): string {
  return `${file}:${line}:${column} ${rule} ${message} — ${remedy}`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
