import 'reflect-metadata';

import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';

import { authProblems } from './auth.configuration.js';
import { ConfigurationError, type ConfigurationProblem } from './configuration.error.js';
import { Configuration } from './configuration.js';
import { tlsProblems } from './http.configuration.js';
import { inconsistentIce } from './ice.configuration.js';
import { nearestName } from './nearest-name.js';
import { describeVariables, type VariableDescription } from './variable.decorators.js';

/** Environment variables as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A command line flag that stands for a variable and wins over it. */
export interface ConfigurationFlag {
  /** As the user knows it, for example `--port`; messages use it. */
  readonly flag: string;
  /** The variable that it stands for. */
  readonly variable: string;
  readonly value: string;
}

/** What a variable was given, and by which name the user knows it. */
interface GivenText {
  readonly label: string;
  readonly text: string;
}

const PREFIX = 'TELEFUSER_';
const MAX_SHOWN_CHARACTERS = 60;

/**
 * Makes the configuration from environment variables and the flags that win over them. Pure. An empty variable counts as unset.
 *
 * @throws ConfigurationError that lists every unknown `TELEFUSER_*` name (with the nearest known one) and every value that is not
 *   allowed.
 */
export function loadConfiguration(environment: Environment, flags: readonly ConfigurationFlag[] = []): Configuration {
  const problems: ConfigurationProblem[] = unknownNames(environment);
  const texts = new Map<string, GivenText>();
  const plain: Record<string, unknown> = {};
  for (const { name, section, property } of describeVariables()) {
    const owner = section === undefined ? plain : ((plain[section] ??= {}) as Record<string, unknown>);
    const flag = flags.find(({ variable }) => variable === name);
    const text = flag?.value ?? environment[name];
    if (text === undefined || (text === '' && flag === undefined)) continue;
    owner[property] = text;
    texts.set(name, { label: flag?.flag ?? name, text });
  }

  const configuration = plainToInstance(Configuration, plain, { exposeDefaultValues: true });
  const invalid = invalidProperties(configuration);
  for (const description of describeVariables()) {
    const messages = invalid.get(pathOf(description));
    if (messages === undefined) continue;
    const { label, text } = texts.get(description.name) ?? { label: description.name, text: '' };
    const shown = description.secret ? '' : `, not ${JSON.stringify(abbreviated(text))}`;
    problems.push({ name: label, message: `${label} ${messages.join(', ')}${shown}` });
  }
  if (invalid.size === 0) {
    const { ice, auth, http } = configuration;
    problems.push(...inconsistentIce(ice), ...sharedPort(configuration), ...authProblems(auth), ...tlsProblems(http));
  }
  if (problems.length > 0) throw new ConfigurationError(problems);
  return configuration;
}

function unknownNames(environment: Environment): ConfigurationProblem[] {
  const known = describeVariables().map(({ name }) => name);
  return Object.keys(environment)
    .filter((name) => name.startsWith(PREFIX) && !known.includes(name))
    .map((name) => {
      const nearest = nearestName(name, known);
      const remedy = nearest === undefined ? 'unset it; docs/configuration.md lists all variables' : `did you mean ${nearest}?`;
      return { name, message: `${abbreviated(name)} is no variable of this server: ${remedy}` };
    });
}

/** What is wrong with each property, by its path. */
function invalidProperties(configuration: Configuration): ReadonlyMap<string, readonly string[]> {
  const errors = validateSync(configuration).flatMap(({ property, constraints, children = [] }) => [
    { path: property, constraints },
    ...children.map((child) => ({ path: `${property}.${child.property}`, constraints: child.constraints })),
  ]);
  return new Map(
    errors.flatMap(({ path, constraints }) => (constraints === undefined ? [] : [[path, Object.values(constraints)] as const])),
  );
}

function pathOf({ section, property }: VariableDescription): string {
  return section === undefined ? property : `${section}.${property}`;
}

function abbreviated(text: string): string {
  return text.length > MAX_SHOWN_CHARACTERS ? `${text.slice(0, MAX_SHOWN_CHARACTERS)}…` : text;
}

/** Two listeners on one port: the second would be told that another program uses it. */
function sharedPort({ host, port, management }: Configuration): ConfigurationProblem[] {
  const name = 'TELEFUSER_MANAGEMENT_PORT';
  if (port === 0 || management.port !== port || (management.host ?? host) !== host) return [];
  return [{ name, message: `${name} must be another port: ${port} is the port of the API already` }];
}
