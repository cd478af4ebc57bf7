/** One instruction of a Dockerfile, with its continuation lines joined. */
export interface Instruction {
  readonly name: string;
  readonly rest: string;
  readonly line: number;
}

/** One stage of a build. */
export interface Stage {
  readonly name: string;
  /** An image, or the name of a stage before it. */
  readonly from: string;
  readonly instructions: readonly Instruction[];
}

export interface Copy {
  /** Undefined: the build context. */
  readonly stage: string | undefined;
  readonly sources: readonly string[];
  readonly target: string;
}

/** Reads as much of a Dockerfile as ours has. @throws for what it does not know, rather than to pass it over */
export function parseDockerfile(text: string): {
  readonly arguments: ReadonlyMap<string, string>;
  readonly stages: readonly Stage[];
} {
  const before = new Map<string, string>();
  const stages: { name: string; from: string; instructions: Instruction[] }[] = [];
  for (const instruction of instructionsOf(text)) {
    if (instruction.name === 'FROM') {
      const [, from, name] = /^(\S+) AS (\S+)$/u.exec(instruction.rest) ?? [];
      if (from === undefined || name === undefined) throw new Error(`line ${instruction.line}: a stage without a name`);
      stages.push({ name, from, instructions: [] });
    } else if (stages.length > 0) {
      stages.at(-1)?.instructions.push(instruction);
    } else if (instruction.name === 'ARG') {
      const [name = '', value = ''] = instruction.rest.split('=');
      before.set(name, value);
    } else {
      throw new Error(`line ${instruction.line}: ${instruction.name} before the first stage`);
    }
  }
  return { arguments: before, stages };
}

function instructionsOf(text: string): Instruction[] {
  const instructions: Instruction[] = [];
  let pending = '';
  let begun = 0;
  for (const [index, line] of text.split('\n').entries()) {
    if (/^\s*(#|$)/u.test(line)) continue;
    if (pending === '') begun = index + 1;
    pending += line.replace(/\\$/u, '').trim().concat(' ');
    if (line.endsWith('\\')) continue;
    const [, name = '', rest = ''] = /^([A-Z]+) (.*)$/u.exec(pending.trim()) ?? [];
    if (name === '') throw new Error(`line ${begun}: no instruction`);
    instructions.push({ name, rest, line: begun });
    pending = '';
  }
  return instructions;
}

/** What a COPY copies. */
export function copyOf({ rest, line }: Instruction): Copy {
  const words = rest.split(' ');
  const [flag] = words;
  const stage = flag?.startsWith('--from=') === true ? flag.slice('--from='.length) : undefined;
  const paths = stage === undefined ? words : words.slice(1);
  const target = paths.at(-1);
  if (target === undefined || paths.length < 2 || paths.some((path) => path.startsWith('--')))
    throw new Error(`line ${line}: COPY ${rest}`);
  return { stage, sources: paths.slice(0, -1), target };
}

/** A stage's instructions and those of the stages that it is made from, in their order. */
export function lineage(stages: readonly Stage[], name: string): Instruction[] {
  const stage = stages.find((candidate) => candidate.name === name);
  return stage === undefined ? [] : [...lineage(stages, stage.from), ...stage.instructions];
}

/** The rest of the last instruction of a name. */
export function lastOf(instructions: readonly Instruction[], name: string): string | undefined {
  return instructions.findLast((instruction) => instruction.name === name)?.rest;
}
