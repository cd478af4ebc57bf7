import { isBuiltin } from 'node:module';
import { COMPUTED, type Scope } from './scopes.js';
import { childOf, childrenOf, isMember, nameOf, withoutTypes, type SyntaxNode } from './syntax-tree.js';

/** Something global or imported, and the way of names from it: `fs.promises.writeFile` is `{ root: 'node:fs/promises', path: ['writeFile'] }`. */
export interface Reference {
  /** A global's name, or a module as {@link moduleName} writes it. */
  readonly root: string;
  /** Names; `*` for a computed one. */
  readonly path: readonly string[];
}

/** How far names are followed through other names. Nobody writes more; whoever generates more gains nothing that matters. */
const MAX_HOPS = 20;

/** How deep an expression of literals is read, and how long the text that it makes may be. */
const MAX_TEXT_DEPTH = 16;
const MAX_TEXT = 1000;

/** What an expression refers to; undefined when it is no global's, or cannot be known. */
export function referenceOf(expression: SyntaxNode, scope: Scope, hops = 0): Reference | undefined {
  if (hops > MAX_HOPS) return undefined;
  const names: string[] = [];
  let base = withoutTypes(expression);
  while (isMember(base)) {
    names.push(memberName(base, scope) ?? COMPUTED);
    const object = childOf(base, 'object');
    if (object === undefined) return undefined;
    base = withoutTypes(object);
  }
  const root = rootOf(base, scope, hops);
  return root === undefined ? undefined : normalise(root.root, [...root.path, ...names.toReversed()]);
}

function rootOf(base: SyntaxNode, scope: Scope, hops: number): Reference | undefined {
  if (base.type === 'Identifier') return referenceOfName(nameOf(base), scope, hops);
  if (base.type === 'AwaitExpression') {
    const awaited = childOf(base, 'argument');
    const specifier = awaited?.type === 'ImportExpression' ? textOf(childOf(awaited, 'source'), scope) : undefined;
    return specifier === undefined ? undefined : { root: moduleName(specifier), path: [] };
  }
  if (base.type !== 'CallExpression' && base.type !== 'OptionalCallExpression') return undefined;
  const callee = childOf(base, 'callee');
  const called = callee === undefined ? undefined : referenceOf(callee, scope, hops + 1);
  if (called === undefined) return undefined;
  if (isCreateRequire(called)) return { root: 'require', path: [] };
  if (!isRequire(called)) return undefined;
  const specifier = textOf(childrenOf(base, 'arguments')[0], scope);
  return specifier === undefined ? undefined : { root: moduleName(specifier), path: [] };
}

function referenceOfName(name: string, scope: Scope, hops: number): Reference | undefined {
  const binding = scope.lookUp(name);
  switch (binding?.kind) {
    case undefined:
      return { root: name, path: [] };
    case 'local':
      return undefined;
    case 'import':
      return { root: moduleName(binding.specifier), path: binding.path };
    case 'alias': {
      const value = referenceOf(binding.value, binding.scope, hops + 1);
      return value === undefined ? undefined : { root: value.root, path: [...value.path, ...binding.path] };
    }
    default:
      return binding satisfies never;
  }
}

function normalise(root: string, path: readonly string[]): Reference {
  let reference = { root, path };
  for (;;) {
    const [first, ...rest] = reference.path;
    if (first === undefined) return reference;
    if (reference.root === 'globalThis' || reference.root === 'global') {
      if (first === COMPUTED) return reference;
      reference = { root: first, path: rest };
    } else if (reference.root.startsWith('node:') && first === 'default') reference = { root: reference.root, path: rest };
    else if (reference.root === 'node:fs' && first === 'promises') reference = { root: 'node:fs/promises', path: rest };
    else if (reference.root === 'node:process') reference = { root: 'process', path: reference.path };
    else return reference;
  }
}

/** Built-in modules as `node:name`, everything else as it is written. */
export function moduleName(specifier: string): string {
  return specifier.startsWith('node:') || !isBuiltin(specifier) ? specifier : `node:${specifier}`;
}

export function isRequire({ root, path }: Reference): boolean {
  return root === 'require' && path.length === 0;
}

export function isCreateRequire({ root, path }: Reference): boolean {
  return root === 'node:module' && path.at(-1) === 'createRequire';
}

/** The name that a member expression asks for; undefined when it is computed from what is only known at run time. */
export function memberName(member: SyntaxNode, scope: Scope): string | undefined {
  const property = childOf(member, 'property');
  if (property === undefined) return undefined;
  if (member['computed'] !== true) return property.type === 'Identifier' ? nameOf(property) : '#private';
  return textOf(property, scope);
}

/** The text or number that an expression of literals makes: `'ev' + 'al'` is `eval`. */
export function textOf(expression: SyntaxNode | undefined, scope: Scope, depth = 0): string | undefined {
  if (expression === undefined || depth > MAX_TEXT_DEPTH) return undefined;
  const node = withoutTypes(expression);
  switch (node.type) {
    case 'StringLiteral':
    case 'NumericLiteral':
      return String(node['value']);
    case 'TemplateLiteral': {
      const parts = childrenOf(node, 'expressions').map((part) => textOf(part, scope, depth + 1));
      const texts = childrenOf(node, 'quasis').map((quasi) => (quasi['value'] as { cooked?: string | null }).cooked ?? '');
      return parts.includes(undefined) ? undefined : texts.map((text, index) => text + (parts[index] ?? '')).join('');
    }
    case 'BinaryExpression': {
      if (node['operator'] !== '+') return undefined;
      const left = textOf(childOf(node, 'left'), scope, depth + 1);
      const right = left === undefined ? undefined : textOf(childOf(node, 'right'), scope, depth + 1);
      return left === undefined || right === undefined || left.length + right.length > MAX_TEXT ? undefined : left + right;
    }
    case 'Identifier': {
      const binding = scope.lookUp(nameOf(node));
      if (binding?.kind !== 'alias' || !binding.fixed || binding.path.length > 0) return undefined;
      return textOf(binding.value, binding.scope, depth + 1);
    }
    default:
      return undefined;
  }
}
