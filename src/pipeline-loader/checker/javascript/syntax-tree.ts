/** A node of the tree that the parser makes (Babel's AST: https://github.com/babel/babel/blob/main/packages/babel-parser/ast/spec.md). */
export interface SyntaxNode {
  readonly type: string;
  readonly loc: { readonly start: { readonly line: number; readonly column: number } };
  readonly [field: string]: unknown;
}

/** Fields that hold no part of the program, or a part that is gone when it runs: types. */
const SKIPPED_FIELDS: ReadonlySet<string> = new Set([
  'loc',
  'extra',
  'errors',
  'tokens',
  'comments',
  'typeAnnotation',
  'typeParameters',
  'typeArguments',
  'superTypeParameters',
  'superTypeArguments',
  'returnType',
  'implements',
  'predicate',
]);

/** Nodes that are gone when the program runs. */
const TYPE_ONLY: ReadonlySet<string> = new Set([
  'TSInterfaceDeclaration',
  'TSTypeAliasDeclaration',
  'TSDeclareFunction',
  'TSDeclareMethod',
  'TSIndexSignature',
]);

const TYPE_WRAPPERS: ReadonlySet<string> = new Set([
  'TSAsExpression',
  'TSSatisfiesExpression',
  'TSNonNullExpression',
  'TSTypeAssertion',
  'TSInstantiationExpression',
  'ParenthesizedExpression',
]);

const FUNCTIONS: ReadonlySet<string> = new Set([
  'FunctionDeclaration',
  'FunctionExpression',
  'ArrowFunctionExpression',
  'ObjectMethod',
  'ClassMethod',
  'ClassPrivateMethod',
]);

function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string';
}

/** The node in a field, if there is one. */
export function childOf(node: SyntaxNode, field: string): SyntaxNode | undefined {
  const value = node[field];
  return isNode(value) ? value : undefined;
}

/** The nodes in a field that holds a list. Holes of the list are left out. */
export function childrenOf(node: SyntaxNode, field: string): SyntaxNode[] {
  const value = node[field];
  return Array.isArray(value) ? value.filter(isNode) : [];
}

/** Every part of the node that runs, with the field it is in. */
export function* partsOf(node: SyntaxNode): Generator<readonly [field: string, part: SyntaxNode]> {
  for (const field of Object.keys(node)) {
    if (SKIPPED_FIELDS.has(field)) continue;
    const value = node[field];
    for (const part of Array.isArray(value) ? (value as unknown[]) : [value]) {
      if (isNode(part) && !isErased(part)) yield [field, part];
    }
  }
}

function isErased(node: SyntaxNode): boolean {
  // `import { type A } from 'x'` still imports x; `import type` does not.
  const isTypeOnly = node['importKind'] === 'type' || node['exportKind'] === 'type';
  return TYPE_ONLY.has(node.type) || node['declare'] === true || (isTypeOnly && node.type.endsWith('Declaration'));
}

/** The expression inside `x as T`, `x!` and the like. */
export function withoutTypes(node: SyntaxNode): SyntaxNode {
  let inner = node;
  for (let next: SyntaxNode | undefined = inner; next !== undefined; next = nextInside(inner)) inner = next;
  return inner;
}

function nextInside(node: SyntaxNode): SyntaxNode | undefined {
  return isTypeWrapper(node) ? childOf(node, 'expression') : undefined;
}

export function isTypeWrapper(node: SyntaxNode): boolean {
  return TYPE_WRAPPERS.has(node.type);
}

export function isMember(node: SyntaxNode): boolean {
  return node.type === 'MemberExpression' || node.type === 'OptionalMemberExpression';
}

export function isCall(node: SyntaxNode): boolean {
  return node.type === 'CallExpression' || node.type === 'OptionalCallExpression' || node.type === 'NewExpression';
}

export function isFunction(node: SyntaxNode): boolean {
  return FUNCTIONS.has(node.type);
}

/** The name of an identifier. */
export function nameOf(node: SyntaxNode): string {
  return String(node['name']);
}
