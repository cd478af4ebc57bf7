import type { ServiceAbout } from '../contract/pipeline.js';
import { DeclarationError } from './declaration.error.js';

const MAX_NAME = 100;
const MAX_DESCRIPTION = 2000;
const MAX_PROMPT = 10_000;
const MAX_ITEMS = 16;
const MAX_TASK = 64;
const MAX_NAMED = 8;
const WORD = /^[a-z][a-z0-9_-]{0,31}$/u;
const WORDS = `a list of at most ${MAX_ITEMS} words such as "arrows" (a–z, digits, "-" and "_", at most 32 characters)`;

interface Member {
  readonly name: keyof ServiceAbout;
  /** As it is written in Python, where that differs. */
  readonly pythonName?: string;
  /** Completes "must be". */
  readonly allowed: string;
  readonly test: (value: unknown) => boolean;
}

const MEMBERS: readonly Member[] = [
  { name: 'name', allowed: `text of 1–${MAX_NAME} characters in one line`, test: (value) => isLine(value, MAX_NAME) },
  {
    name: 'description',
    allowed: `text of at most ${MAX_DESCRIPTION} characters`,
    test: (value) => isText(value, MAX_DESCRIPTION),
  },
  {
    name: 'defaultPrompt',
    pythonName: 'default_prompt',
    allowed: `text of at most ${MAX_PROMPT} characters`,
    test: (value) => isText(value, MAX_PROMPT),
  },
  { name: 'controls', allowed: WORDS, test: (value) => isListOf(value, isWord) },
  { name: 'inputs', allowed: WORDS, test: (value) => isListOf(value, isWord) },
  {
    name: 'tasks',
    allowed: `a list of at most ${MAX_ITEMS} texts of 1–${MAX_TASK} characters`,
    test: (value) => isListOf(value, (item) => isLine(item, MAX_TASK)),
  },
];

export interface ReadAbout {
  readonly about: ServiceAbout;
  /** Members that nobody knows, at most eight of them. */
  readonly unknown: readonly string[];
}

/**
 * What a service says of itself, every member checked: it comes from a process that is not trusted. A member that is null counts as left out.
 *
 * @throws DeclarationError
 */
export function readAbout(declared: Readonly<Record<string, unknown>>): ReadAbout {
  const unknown: string[] = [];
  const about: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(declared)) {
    const member = MEMBERS.find(({ name, pythonName }) => key === name || key === pythonName);
    if (member === undefined) unknown.push(key.slice(0, MAX_NAME));
    else if (value !== null && !member.test(value)) throw new DeclarationError(`about.${key} must be ${member.allowed}`);
    else if (value !== null) about[member.name] = value;
  }
  return { about, unknown: unknown.slice(0, MAX_NAMED) };
}

/** What may be said in `about`, for a message. */
export const ABOUT_MEMBERS: string = MEMBERS.map(({ name, pythonName }) =>
  pythonName === undefined ? name : `${name} (Python: ${pythonName})`,
).join(', ');

function isText(value: unknown, maxLength: number): boolean {
  // Line breaks and tabs are text; other control characters are not.
  return typeof value === 'string' && value.length <= maxLength && !/[^\P{Cc}\t\n\r]/u.test(value);
}

function isLine(value: unknown, maxLength: number): boolean {
  return isText(value, maxLength) && value !== '' && !/[\n\r]/u.test(value as string);
}

function isWord(value: unknown): boolean {
  return typeof value === 'string' && WORD.test(value);
}

function isListOf(value: unknown, test: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.length <= MAX_ITEMS && value.every(test) && new Set(value).size === value.length;
}
