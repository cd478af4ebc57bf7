import type { SecurityLevel } from '../../../config/index.js';
import type { Rule } from '../finding.js';
import type { LocalImport, SourceCheck, SourceFinding } from './source-check.js';
import { objectToModule, objectToReference, type Objection, type Use } from './module-policy.js';
import { isCreateRequire, isRequire, memberName, moduleName, referenceOf, textOf, type Reference } from './references.js';
import { aliasesOf, COMPUTED, findScopes, importedPath, Scope, staticKey } from './scopes.js';
import { childOf, childrenOf, isCall, isFunction, isMember, isTypeWrapper, partsOf, type SyntaxNode } from './syntax-tree.js';

/** A node on the way from the root of the tree. */
interface Place {
  readonly node: SyntaxNode;
  readonly parent: Place | undefined;
  /** The parent's field that holds the node. */
  readonly field: string;
  readonly scope: Scope;
  /** The node is, or is part of, what a declaration or an assignment gives a value to. */
  readonly isTarget: boolean;
}

/** From 1. */
interface Position {
  readonly line: number;
  readonly column: number;
}

const COMPARISONS: ReadonlySet<unknown> = new Set(['==', '!=', '===', '!==', 'instanceof']);
const TIMERS: ReadonlySet<string> = new Set(['setTimeout', 'setInterval', 'setImmediate']);
/** What of a constructor leads on to making functions of text. */
const OF_A_CONSTRUCTOR: ReadonlySet<string> = new Set(['constructor', 'call', 'apply', 'bind', 'prototype', COMPUTED]);
const OPEN_FLAGS: ReadonlySet<string> = new Set(['r', 'rs', 'sr', 'O_RDONLY', '0']);

/** Walks one program and notes what its level does not allow. Depth of the tree does not matter. */
export class ReferenceRules {
  readonly #findings: SourceFinding[] = [];
  readonly #imports: LocalImport[] = [];
  readonly #scopes: ReadonlyMap<SyntaxNode, Scope>;

  constructor(
    private readonly program: SyntaxNode,
    private readonly level: Exclude<SecurityLevel, 'permissive'>,
  ) {
    this.#scopes = findScopes(program);
  }

  check(): SourceCheck {
    const scope = this.#scopes.get(this.program) ?? new Scope(undefined, true);
    const stack: Place[] = [{ node: this.program, parent: undefined, field: '', scope, isTarget: false }];
    for (let place = stack.pop(); place !== undefined; place = stack.pop()) {
      this.#visit(place);
      for (const [field, node] of partsOf(place.node)) {
        stack.push({
          node,
          parent: place,
          field,
          scope: this.#scopes.get(node) ?? place.scope,
          isTarget: isTarget(place, field),
        });
      }
    }
    const byPlace = (a: Position, b: Position): number => a.line - b.line || a.column - b.column;
    return { findings: this.#findings.sort(byPlace), imports: this.#imports.sort(byPlace) };
  }

  #visit(place: Place): void {
    const { node, scope } = place;
    switch (node.type) {
      case 'ImportDeclaration':
      case 'ExportAllDeclaration':
      case 'ExportNamedDeclaration':
        this.#visitModuleDeclaration(node);
        break;
      case 'ImportExpression':
        this.#visitImport(place, childOf(node, 'source'));
        break;
      case 'VariableDeclarator':
        this.#visitDeclarator(node, scope);
        break;
      case 'ObjectPattern':
        this.#visitObjectPattern(node);
        break;
      case 'Identifier':
        if (isExpression(place)) this.#visitReference(place);
        break;
      case 'AwaitExpression':
        this.#visitReference(place);
        break;
      case 'WithStatement':
        this.#note(node, 'dynamic-code', 'a with statement hides what a name means', 'Write the object before each name.');
        break;
      default:
        if (isMember(node)) this.#visitMember(place);
        else if (isCall(node)) this.#visitCall(place);
    }
  }

  #visitModuleDeclaration(node: SyntaxNode): void {
    const source = childOf(node, 'source');
    if (source === undefined) return;
    const specifier = String(source['value']);
    this.#importModule(specifier, source);
    const specifiers = childrenOf(node, 'specifiers');
    const scope = this.#scopes.get(this.program);
    if (scope === undefined) return;
    for (const item of specifiers) {
      const path = importedPath(item);
      // A whole module is looked at where it is used, unless it is handed on at once.
      const harmless = node.type === 'ImportDeclaration' || isHarmlessImport(path);
      this.#judge(item, asReference(specifier, path), { harmless, called: isCreateRequire(asReference(specifier, path)) });
    }
    if (node.type === 'ExportAllDeclaration') this.#judge(node, asReference(specifier, []), { harmless: false, called: false });
  }

  #visitImport({ node, parent, scope }: Place, source: SyntaxNode | undefined): void {
    const specifier = textOf(source, scope);
    if (specifier === undefined) {
      this.#note(node, 'dynamic-import', 'the name of an imported module is computed', 'Write the name out.');
      return;
    }
    this.#importModule(specifier, node);
    if (parent?.node.type !== 'AwaitExpression')
      this.#judge(node, asReference(specifier, []), { harmless: false, called: false });
  }

  #importModule(specifier: string, at: SyntaxNode): void {
    const { line, column } = positionOf(at);
    if (/^(?:\.{0,2}\/|\.{1,2}$|file:)/u.test(specifier)) {
      if (/\.node$/iu.test(specifier)) {
        this.#note(
          at,
          'native-code',
          `the addon ${specifier} is loaded`,
          'Use an npm package that loads it, at --security-level standard.',
        );
      } else this.#imports.push({ specifier, line, column });
    } else if (/^data:/iu.test(specifier)) {
      this.#note(at, 'dynamic-code', 'the text of a data: URL is loaded as a module', 'Write the module as a file.');
    } else {
      const objection = objectToModule(specifier, this.level);
      if (objection !== undefined) this.#object(at, objection);
    }
  }

  #visitDeclarator(node: SyntaxNode, scope: Scope): void {
    const [pattern, value] = [childOf(node, 'id'), childOf(node, 'init')];
    const reference = value === undefined || pattern?.type !== 'ObjectPattern' ? undefined : referenceOf(value, scope);
    if (pattern === undefined || reference === undefined) return;
    for (const { path, at } of aliasesOf(pattern)) {
      const part = { root: reference.root, path: [...reference.path, ...path] };
      this.#judge(at, part, { harmless: true, called: isCreateRequire(part) });
    }
  }

  #visitObjectPattern(node: SyntaxNode): void {
    for (const property of childrenOf(node, 'properties')) {
      if (property.type === 'ObjectProperty' && staticKey(property) === 'constructor') this.#noteConstructor(property);
    }
  }

  /** A whole reference: the outermost member of `a.b.c`, or a name by itself. */
  #visitReference(place: Place): void {
    if (isObjectOfMember(place)) return;
    const reference = referenceOf(place.node, place.scope);
    if (reference !== undefined) this.#judge(place.node, reference, useOf(place));
  }

  #visitMember(place: Place): void {
    const { node, scope } = place;
    const object = childOf(node, 'object');
    const name = memberName(node, scope);
    if (name === 'constructor' && leadsOn(place)) this.#noteConstructor(node);
    if (name === undefined && object !== undefined && (isFunction(object) || object.type === 'ClassExpression')) {
      this.#note(node, 'reflection', 'a computed name of a function is used', 'Write the name out.');
    }
    this.#visitReference(place);
  }

  #visitCall(place: Place): void {
    const { node, scope } = place;
    const callee = childOf(node, 'callee');
    const called = callee === undefined ? undefined : referenceOf(callee, scope);
    const args = childrenOf(node, 'arguments');
    if (called !== undefined) {
      if (isRequire(called)) this.#visitRequire(place, args[0]);
      else this.#checkArguments(node, called, args, scope);
    }
    this.#visitReference(place);
  }

  #visitRequire({ node, scope }: Place, argument: SyntaxNode | undefined): void {
    const specifier = textOf(argument, scope);
    if (specifier === undefined)
      this.#note(node, 'dynamic-import', 'the name of a required module is computed', 'Write the name out.');
    else this.#importModule(specifier, node);
  }

  /** Functions that are harmless but for what they are given. */
  #checkArguments(node: SyntaxNode, { root, path }: Reference, args: readonly SyntaxNode[], scope: Scope): void {
    const name = path.at(-1) ?? root;
    const isTimer = TIMERS.has(name) && (path.length === 0 || root === 'node:timers');
    if (isTimer && isText(args[0], scope)) {
      this.#note(node, 'dynamic-code', `${name} is given code as text`, 'Give it a function.');
    }
    if (this.level === 'strict' && root.startsWith('node:fs') && (name === 'open' || name === 'openSync')) {
      this.#checkOpenFlags(node, root === 'node:fs' && name === 'open', args, scope);
    }
    const looksUp = root === 'Reflect' || (root === 'Object' && name.startsWith('getOwnPropertyDescriptor'));
    if (looksUp && args.some((argument) => textOf(argument, scope) === 'constructor')) this.#noteConstructor(node);
  }

  #checkOpenFlags(node: SyntaxNode, takesCallback: boolean, args: readonly SyntaxNode[], scope: Scope): void {
    const flags = args[1];
    if (flags === undefined || (takesCallback && args.length === 2)) return;
    const text = textOf(flags, scope) ?? (isMember(flags) ? memberName(flags, scope) : undefined);
    if (OPEN_FLAGS.has(text ?? '')) return;
    this.#note(node, 'file-write', 'a file is opened with flags that may write', "Leave the flags out or write 'r'.");
  }

  #judge(at: SyntaxNode, reference: Reference, use: Use): void {
    const objection = objectToReference(reference, use, this.level);
    if (objection !== undefined) this.#object(at, objection);
    else if (isCreateRequire(reference) && !use.called && !use.harmless) {
      this.#note(
        at,
        'reflection',
        'createRequire is handed on as a value',
        'Write const require = createRequire(import.meta.url).',
      );
    }
  }

  #noteConstructor(at: SyntaxNode): void {
    const remedy = 'Name the class; the constructor of a function makes code of text.';
    this.#note(at, 'reflection', 'a constructor is reached through an object', remedy);
  }

  #object(at: SyntaxNode, { rule, message, remedy }: Objection): void {
    this.#note(at, rule, message, remedy);
  }

  #note(at: SyntaxNode, rule: Rule, message: string, remedy: string): void {
    this.#findings.push({ ...positionOf(at), rule, message, remedy });
  }
}

function positionOf({ loc }: SyntaxNode): Position {
  return { line: loc.start.line, column: loc.start.column + 1 };
}

function asReference(specifier: string, path: readonly string[]): Reference {
  const root = moduleName(specifier);
  return { root: root === 'node:process' ? 'process' : root, path: path[0] === 'default' ? path.slice(1) : path };
}

function isHarmlessImport(path: readonly string[]): boolean {
  return path.length > 0 && path[0] !== 'default';
}

function isTarget({ node, isTarget: isInTarget }: Place, field: string): boolean {
  switch (node.type) {
    case 'VariableDeclarator':
      return field === 'id';
    case 'CatchClause':
      return field === 'param';
    case 'ObjectPattern':
    case 'ArrayPattern':
    case 'RestElement':
    case 'TSParameterProperty':
      return isInTarget;
    case 'AssignmentPattern':
      return isInTarget && field === 'left';
    case 'ObjectProperty':
      return isInTarget && field === 'value';
    default:
      return isFunction(node) && field === 'params';
  }
}

/** Whether an identifier stands for its value, and is not a key, a label or the name of a declaration. */
function isExpression({ parent, field, isTarget: isDeclared }: Place): boolean {
  if (parent === undefined || isDeclared) return false;
  const { node } = parent;
  switch (field) {
    case 'id':
    case 'label':
    case 'imported':
    case 'exported':
    case 'meta':
      return false;
    case 'local':
      return node.type === 'ExportSpecifier' && childOf(parent.parent?.node ?? node, 'source') === undefined;
    case 'key':
    case 'property':
      return node['computed'] === true && node.type !== 'MetaProperty';
    default:
      return node.type !== 'MetaProperty';
  }
}

/** The place without the type assertions around it. */
function outside(place: Place): Place {
  let inner = place;
  while (inner.parent !== undefined && isTypeWrapper(inner.parent.node)) inner = inner.parent;
  return inner;
}

function isObjectOfMember(place: Place): boolean {
  const { parent, field } = outside(place);
  return parent !== undefined && isMember(parent.node) && field === 'object';
}

function useOf(place: Place): Use {
  const { parent, field } = outside(place);
  if (parent === undefined) return { harmless: false, called: false };
  const { node } = parent;
  const operator = node['operator'];
  const harmless =
    node.type === 'ExpressionStatement' ||
    (node.type === 'UnaryExpression' && (operator === 'typeof' || operator === 'void')) ||
    (node.type === 'BinaryExpression' && COMPARISONS.has(operator)) ||
    (node.type === 'VariableDeclarator' && field === 'init' && !isExported(parent));
  return { harmless, called: isCall(node) && field === 'callee' };
}

function isExported(declarator: Place): boolean {
  return declarator.parent?.parent?.node.type === 'ExportNamedDeclaration';
}

/** Whether a `.constructor` is more than asked for its name or compared. */
function leadsOn(place: Place): boolean {
  const { parent, field } = outside(place);
  if (parent === undefined) return false;
  if (isMember(parent.node) && field === 'object') {
    return OF_A_CONSTRUCTOR.has(memberName(parent.node, place.scope) ?? COMPUTED);
  }
  if (parent.node.type === 'AssignmentExpression' && field === 'left') return false;
  return !(parent.node.type === 'BinaryExpression' && COMPARISONS.has(parent.node['operator']));
}

function isText(argument: SyntaxNode | undefined, scope: Scope): boolean {
  return argument !== undefined && (argument.type === 'TemplateLiteral' || textOf(argument, scope) !== undefined);
}
