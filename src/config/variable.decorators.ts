import 'reflect-metadata';

import { Transform, type TransformFnParams, Type } from 'class-transformer';
import { registerDecorator, ValidateNested } from 'class-validator';

/** What is known of one environment variable beside its value; the source of `.env.example` and `docs/configuration.md`. */
export interface VariableDescription {
  /** Name of the environment variable. */
  readonly name: string;
  /** Property of `Configuration` that holds the section it belongs to; undefined for its own variables. */
  readonly section: string | undefined;
  /** Property of `Configuration`, or of its section, that holds its value. */
  readonly property: string;
  /** One sentence: what it decides. */
  readonly description: string;
  /** What is accepted, in words that follow "must be". */
  readonly allowed: string;
  /** Never repeated in messages. */
  readonly secret: boolean;
}

interface VariableText {
  readonly description: string;
  readonly secret?: boolean;
}

interface Kind {
  readonly allowed: string;
  /** The value that the text stands for, or undefined when it stands for none. */
  readonly parse: (text: string) => unknown;
}

type VariableDecorator = (prototype: object, property: string) => void;

type SectionClass = new () => object;

interface Declaration {
  readonly owner: unknown;
  readonly description: Omit<VariableDescription, 'section'>;
}

const declarations: Declaration[] = [];
/** The property of `Configuration` that each section's class belongs to. */
const sections = new Map<unknown, string>();

/** Every declared variable: those of `Configuration` itself, then its sections', in the order of declaration. */
export function describeVariables(): readonly VariableDescription[] {
  const owners = [undefined, ...sections.keys()];
  return owners.flatMap((owner) =>
    declarations
      .filter((declared) => (owner === undefined ? !sections.has(declared.owner) : declared.owner === owner))
      .map(({ description }) => ({ ...description, section: sections.get(owner) })),
  );
}

/** Variables that belong together, in a class of their own: a property of `Configuration` that holds an instance of it. */
export function Section(section: SectionClass): VariableDecorator {
  return (prototype, property) => {
    sections.set(section, property);
    Type(() => section)(prototype, property);
    ValidateNested()(prototype, property);
  };
}

/** A whole number between `min` and `max`, both included. */
export function IntegerVariable(name: string, range: { min: number; max: number } & VariableText): VariableDecorator {
  return variable(name, range, {
    allowed: `a whole number from ${range.min} to ${range.max}`,
    parse: (text) => (/^-?\d+$/u.test(text) ? within(Number(text), range) : undefined),
  });
}

/** A decimal number between `min` and `max`, both included. */
export function NumberVariable(name: string, range: { min: number; max: number } & VariableText): VariableDecorator {
  return variable(name, range, {
    allowed: `a number from ${range.min} to ${range.max}`,
    parse: (text) => (/^-?\d+(\.\d+)?$/u.test(text) ? within(Number(text), range) : undefined),
  });
}

/** One of a few words, in any case; `aliases` are further spellings of them. */
export function ChoiceVariable<Choice extends string>(
  name: string,
  options: { choices: readonly Choice[]; aliases?: Readonly<Record<string, Choice>> } & VariableText,
): VariableDecorator {
  const byWord = new Map<string, Choice>(Object.entries(options.aliases ?? {}));
  for (const choice of options.choices) byWord.set(choice.toLowerCase(), choice);
  return variable(name, options, {
    allowed: `one of ${options.choices.join(', ')}`,
    parse: (text) => byWord.get(text.toLowerCase()),
  });
}

/** `true` or `false`, also written `1`, `yes`, `on` and `0`, `no`, `off`. */
export function FlagVariable(name: string, options: VariableText): VariableDecorator {
  const words = new Map(
    [
      ['true', '1', 'yes', 'on'],
      ['false', '0', 'no', 'off'],
    ].flatMap((group, index) => group.map((word) => [word, index === 0])),
  );
  return variable(name, options, { allowed: 'true or false', parse: (text) => words.get(text.toLowerCase()) });
}

/** A text of at most `maxLength` characters that passes `test`. */
export function TextVariable(
  name: string,
  options: { maxLength: number; allowed: string; test: (text: string) => boolean } & VariableText,
): VariableDecorator {
  return variable(name, options, {
    allowed: options.allowed,
    parse: (text) => (text.length <= options.maxLength && options.test(text) ? text : undefined),
  });
}

/** At most `maxItems` strings, each of which passes `test`: a JSON array, or the items with commas between them. */
export function ListVariable(
  name: string,
  options: { maxItems: number; allowed: string; test: (item: string) => boolean } & VariableText,
): VariableDecorator {
  return variable(name, options, {
    allowed: `at most ${options.maxItems} ${options.allowed}, as a JSON array or with commas between them`,
    parse: (text) => {
      const items = parseList(text);
      if (items === undefined || items.length > options.maxItems) return undefined;
      return items.every((item) => typeof item === 'string' && options.test(item)) ? items : undefined;
    },
  });
}

/**
 * One or more of a few words in an order of preference, in any case, none twice. A list says exactly what is meant; a single word outside of a
 * list is put before `fallbacks`.
 */
export function PreferenceVariable<Choice extends string>(
  name: string,
  options: {
    choices: readonly Choice[];
    fallbacks: readonly Choice[];
    aliases?: Readonly<Record<string, Choice>>;
  } & VariableText,
): VariableDecorator {
  const byWord = new Map<string, Choice>(Object.entries(options.aliases ?? {}));
  for (const choice of options.choices) byWord.set(choice.toLowerCase(), choice);
  return variable(name, options, {
    allowed: `one or more of ${options.choices.join(', ')}, as a JSON array or with commas between them`,
    parse: (text) => {
      const items = parseList(text);
      const words = items?.map((item) => (typeof item === 'string' ? byWord.get(item.toLowerCase()) : undefined));
      if (words === undefined || words.length === 0 || words.includes(undefined)) return undefined;
      if (new Set(words).size < words.length) return undefined;
      const isSingleWord = words.length === 1 && !text.trimStart().startsWith('[');
      return isSingleWord ? [...new Set([...words, ...options.fallbacks])] : words;
    },
  });
}

/** A whole number of milliseconds, or two with a hyphen between them, the smaller first. */
export function RangeVariable(name: string, range: { min: number; max: number } & VariableText): VariableDecorator {
  return variable(name, range, {
    allowed: `a whole number from ${range.min} to ${range.max}, or two with a hyphen between them`,
    parse: (text) => {
      const [, first, last = first] = /^(\d{1,9})(?:-(\d{1,9}))?$/u.exec(text) ?? [];
      if (first === undefined) return undefined;
      const [minMs, maxMs] = [Number(first), Number(last)];
      if (minMs > maxMs || within(minMs, range) === undefined || within(maxMs, range) === undefined) return undefined;
      return { minMs, maxMs };
    },
  });
}

/** Two ports from 1024 on with a hyphen between them, the smaller first. */
export function PortRangeVariable(name: string, text: VariableText): VariableDecorator {
  return variable(name, text, {
    allowed: 'two ports from 1024 to 65535 with a hyphen between them, such as 50000-50199',
    parse: (value) => {
      const [first, last] = /^(\d{1,5})-(\d{1,5})$/u.exec(value)?.slice(1).map(Number) ?? [];
      return first !== undefined && last !== undefined && first >= 1024 && first <= last && last <= 65_535
        ? { first, last }
        : undefined;
    },
  });
}

/** Marks a text that is not a value of its variable, so that validation refuses it. */
const NOT_A_VALUE = Symbol('not a value');

function variable(name: string, text: VariableText, kind: Kind): VariableDecorator {
  return (prototype, property) => {
    declarations.push({
      owner: prototype.constructor,
      description: { name, property, description: text.description, allowed: kind.allowed, secret: text.secret ?? false },
    });
    // Defaults arrive here too and are values already; only texts from the environment are parsed.
    Transform(({ value, obj }: TransformFnParams) => (Object.hasOwn(obj as object, property) ? parseText(kind, value) : value))(
      prototype,
      property,
    );
    registerDecorator({
      name: 'variable',
      target: prototype.constructor,
      propertyName: property,
      validator: { validate: (value) => value !== NOT_A_VALUE, defaultMessage: () => `must be ${kind.allowed}` },
    });
  };
}

function parseText(kind: Kind, value: unknown): unknown {
  const parsed = typeof value === 'string' ? kind.parse(value) : undefined;
  return parsed === undefined ? NOT_A_VALUE : parsed;
}

function within(value: number, { min, max }: { min: number; max: number }): number | undefined {
  return value >= min && value <= max ? value : undefined;
}

/** The items of a JSON array, or those between commas. */
function parseList(text: string): unknown[] | undefined {
  const items = text.trimStart().startsWith('[') ? parseJson(text) : text.split(',').map((item) => item.trim());
  return Array.isArray(items) ? items : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
