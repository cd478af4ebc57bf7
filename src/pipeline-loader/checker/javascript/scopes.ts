import { childOf, childrenOf, isFunction, nameOf, partsOf, withoutTypes, type SyntaxNode } from './syntax-tree.js';

/** What a name stands for, as far as it matters here. */
export type Binding =
  | { readonly kind: 'local' }
  /** `const name = value`, or with a path `const { path: name } = value`. */
  | {
      readonly kind: 'alias';
      readonly value: SyntaxNode;
      readonly scope: Scope;
      readonly path: readonly string[];
      readonly fixed: boolean;
    }
  /** An import of a module, with a path of one of its exports. */
  | { readonly kind: 'import'; readonly specifier: string; readonly path: readonly string[] };

const LOCAL: Binding = { kind: 'local' };
/** Stands in a path for a name that is computed. */
export const COMPUTED = '*';

/** The names of one block, function or file. */
export class Scope {
  readonly #names = new Map<string, Binding>();

  constructor(
    private readonly parent: Scope | undefined,
    private readonly isFunctionScope: boolean,
  ) {}

  /** What the name stands for; undefined is a global. */
  lookUp(name: string): Binding | undefined {
    return this.#names.get(name) ?? this.parent?.lookUp(name);
  }

  /** A name that is declared twice keeps the meaning that has to be watched. */
  declare(name: string, binding: Binding): void {
    if ((this.#names.get(name) ?? LOCAL).kind === 'local') this.#names.set(name, binding);
  }

  /** Where `var` declares. */
  get functionScope(): Scope {
    return this.isFunctionScope || this.parent === undefined ? this : this.parent.functionScope;
  }
}

const BLOCKS: ReadonlySet<string> = new Set([
  'BlockStatement',
  'StaticBlock',
  'ForStatement',
  'ForInStatement',
  'ForOfStatement',
  'SwitchStatement',
  'CatchClause',
  'ClassDeclaration',
  'ClassExpression',
  'TSModuleBlock',
]);

/** The scope that each node of the program opens. Depth of the tree does not matter. */
export function findScopes(program: SyntaxNode): ReadonlyMap<SyntaxNode, Scope> {
  const scopes = new Map<SyntaxNode, Scope>();
  const fileScope = new Scope(undefined, true);
  scopes.set(program, fileScope);
  const stack: [SyntaxNode, Scope][] = [[program, fileScope]];
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const [node, outer] = next;
    let scope = scopes.get(node) ?? outer;
    if (isFunction(node) || BLOCKS.has(node.type)) {
      scope = new Scope(outer, isFunction(node) || node.type === 'StaticBlock');
      scopes.set(node, scope);
    }
    declareNames(node, outer, scope);
    for (const [, part] of partsOf(node)) stack.push([part, scope]);
  }
  return scopes;
}

function declareNames(node: SyntaxNode, outer: Scope, inner: Scope): void {
  const id = childOf(node, 'id');
  if (isFunction(node)) {
    if (id !== undefined) (node.type === 'FunctionDeclaration' ? outer : inner).declare(nameOf(id), LOCAL);
    for (const parameter of childrenOf(node, 'params')) declarePattern(parameter, inner);
  } else if (node.type === 'VariableDeclaration') {
    const target = node['kind'] === 'var' ? inner.functionScope : inner;
    for (const declarator of childrenOf(node, 'declarations'))
      declareVariable(declarator, target, inner, node['kind'] === 'const');
  } else if (node.type === 'ImportDeclaration') {
    declareImport(node, inner);
  } else if (node.type === 'CatchClause') {
    const parameter = childOf(node, 'param');
    if (parameter !== undefined) declarePattern(parameter, inner);
  } else if (id?.type === 'Identifier' && /^(?:Class|TSEnum|TSModule)/.test(node.type)) {
    outer.declare(nameOf(id), LOCAL);
    inner.declare(nameOf(id), LOCAL);
  }
}

function declareVariable(declarator: SyntaxNode, target: Scope, scope: Scope, fixed: boolean): void {
  const pattern = childOf(declarator, 'id');
  if (pattern === undefined) return;
  const value = childOf(declarator, 'init');
  declarePattern(pattern, target);
  if (value === undefined) return;
  for (const { name, path } of aliasesOf(pattern)) target.declare(name, { kind: 'alias', value, scope, path, fixed });
}

function declareImport(node: SyntaxNode, scope: Scope): void {
  const specifier = String(childOf(node, 'source')?.['value']);
  for (const item of childrenOf(node, 'specifiers')) {
    const local = childOf(item, 'local');
    if (local === undefined || item['importKind'] === 'type') continue;
    scope.declare(nameOf(local), { kind: 'import', specifier, path: importedPath(item) });
  }
}

/** The export that an import or export specifier names; nothing for the whole module. */
export function importedPath(specifier: SyntaxNode): string[] {
  if (/Namespace/.test(specifier.type)) return [];
  const imported = childOf(specifier, specifier.type === 'ExportSpecifier' ? 'local' : 'imported');
  return [imported === undefined ? 'default' : String(imported['name'] ?? imported['value'])];
}

/** Declares every name of a pattern. */
function declarePattern(root: SyntaxNode, scope: Scope): void {
  const stack = [root];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (node.type === 'Identifier') scope.declare(nameOf(node), LOCAL);
    else if (node.type === 'ObjectPattern') stack.push(...childrenOf(node, 'properties'));
    else if (node.type === 'ArrayPattern') stack.push(...childrenOf(node, 'elements'));
    else {
      const field = {
        ObjectProperty: 'value',
        RestElement: 'argument',
        AssignmentPattern: 'left',
        TSParameterProperty: 'parameter',
      }[node.type];
      const part = field === undefined ? undefined : childOf(node, field);
      if (part !== undefined) stack.push(part);
    }
  }
}

/** What of a value each name of a pattern takes; names whose place in it cannot be known are `*`. */
export function aliasesOf(
  pattern: SyntaxNode,
): { readonly name: string; readonly path: readonly string[]; readonly at: SyntaxNode }[] {
  const found: { name: string; path: readonly string[]; at: SyntaxNode }[] = [];
  const stack: [SyntaxNode, readonly string[]][] = [[pattern, []]];
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const [node, path] = next;
    if (node.type === 'Identifier') found.push({ name: nameOf(node), path, at: node });
    else if (node.type === 'AssignmentPattern') pushPart(stack, childOf(node, 'left'), path);
    else if (node.type === 'RestElement') pushPart(stack, childOf(node, 'argument'), [...path, COMPUTED]);
    else if (node.type === 'ObjectPattern') {
      for (const property of childrenOf(node, 'properties')) {
        if (property.type === 'RestElement') stack.push([property, path]);
        else pushPart(stack, childOf(property, 'value'), [...path, staticKey(property) ?? COMPUTED]);
      }
    } else if (node.type === 'ArrayPattern') {
      for (const element of childrenOf(node, 'elements')) stack.push([element, [...path, '0']]);
    }
  }
  return found;
}

function pushPart(stack: [SyntaxNode, readonly string[]][], part: SyntaxNode | undefined, path: readonly string[]): void {
  if (part !== undefined) stack.push([part, path]);
}

/** The key of a property, unless it is computed. */
export function staticKey(property: SyntaxNode): string | undefined {
  const key = childOf(property, 'key');
  if (key === undefined) return undefined;
  const inner = withoutTypes(key);
  if (property['computed'] === true && inner.type !== 'StringLiteral') return undefined;
  return inner.type === 'Identifier' ? nameOf(inner) : String(inner['value']);
}
