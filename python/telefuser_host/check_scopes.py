"""What the names of a Python source stand for, as far as the check has to know: modules, what is imported of them, and other names for these."""

from __future__ import annotations

import ast
import builtins
from typing import NamedTuple, Union

# How far names are followed through other names.
_MAX_HOPS = 100
# How deep an expression of literals is read, and how long the text that it makes may be.
_MAX_TEXT_DEPTH = 16
_MAX_TEXT = 1000
# Meanings of one name.
_MAX_BINDINGS = 20

_BUILTINS = frozenset(dir(builtins))
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_OWN_SCOPE = (*_FUNCTIONS, ast.ClassDef, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
# Fields that hold no part that runs.
_NO_PARTS = frozenset({"ctx", "op", "ops", "kind", "type_comment", "type_ignores"})

Dotted = tuple  # of names


class Alias(NamedTuple):
    """Another name for what an expression makes."""

    value: ast.expr
    scope: Scope


Binding = Union[Dotted, Alias]


class Scope:
    """The names of a module, a class, a function or a comprehension. A name without a binding of interest has an empty list."""

    def __init__(self, parent: Scope | None, is_class: bool = False) -> None:
        self.parent = parent
        self.is_class = is_class
        self.module: Scope = self if parent is None else parent.module
        # `from x import *`: a name of nobody may be anything's.
        self.imports_everything = False
        self.names: dict[str, list[Binding]] = {}
        self.elsewhere: set[str] = set()
        self.resolved: dict[str, list[Dotted]] = {}

    def bind(self, name: str, binding: Binding | None = None) -> None:
        scope = self
        if name in self.elsewhere:
            scope = self.module
        bindings = scope.names.setdefault(name, [])
        if binding is not None and len(bindings) < _MAX_BINDINGS:
            bindings.append(binding)

    def look_up(self, name: str) -> list[Binding] | None:
        """What the name stands for; None for a builtin, or a name of nobody."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names and (scope is self or not scope.is_class):
                return scope.names[name]
            scope = scope.parent
        return None


class ScopedTree:
    """A source's tree with the scope of each node."""

    def __init__(self, tree: ast.Module) -> None:
        self.tree = tree
        self._own: dict[ast.AST, Scope] = {}
        self._skips_main: bool | None = None
        self.module_scope = Scope(None)
        stack: list[tuple[ast.AST, Scope]] = [(tree, self.module_scope)]
        while stack:
            node, scope = stack.pop()
            self._declare(node, scope)
            stack.extend(self.children(node, scope))

    def children(self, node: ast.AST, scope: Scope) -> list[tuple[ast.AST, Scope]]:
        """The parts of a node that may run, each with the scope it runs in."""
        kind = type(node)
        if kind is ast.Name or kind is ast.Constant:
            return []
        inner = self._own.get(node, scope)
        if inner is scope:
            if isinstance(node, ast.If) and _is_main_test(node.test) and self._main_never_runs():
                return [(part, scope) for part in node.orelse]
            return [(part, scope) for part in _parts(node)]
        if isinstance(node, ast.Lambda):
            return [(node.args, scope), (node.body, inner)]
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            outer = [node.args, *node.decorator_list, *([] if node.returns is None else [node.returns])]
            return [*((part, scope) for part in outer), *((part, inner) for part in node.body)]
        if isinstance(node, ast.ClassDef):
            outer = [*node.decorator_list, *node.bases, *node.keywords]
            return [*((part, scope) for part in outer), *((part, inner) for part in node.body)]
        return [(part, inner) for part in _parts(node)]

    def _main_never_runs(self) -> bool:
        # A file that gives itself another name could make its main block run.
        if self._skips_main is None:
            names = (node for node in ast.walk(self.tree) if isinstance(node, ast.Name) and node.id == "__name__")
            self._skips_main = all(isinstance(name.ctx, ast.Load) for name in names)
        return self._skips_main

    def _declare(self, node: ast.AST, scope: Scope) -> None:
        if isinstance(node, ast.Name):
            if not isinstance(node.ctx, ast.Load):
                scope.bind(node.id)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            _bind_imports(node, scope)
        elif isinstance(node, _OWN_SCOPE):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                scope.bind(node.name)
            self._open(node, scope)
        elif isinstance(node, (ast.Assign, ast.AnnAssign, ast.NamedExpr)):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if isinstance(target, ast.Name) and node.value is not None:
                    scope.bind(target.id, Alias(node.value, scope))
        elif isinstance(node, ast.ExceptHandler) and node.name is not None:
            scope.bind(node.name)

    def _open(self, node: ast.AST, scope: Scope) -> None:
        inner = Scope(scope, isinstance(node, ast.ClassDef))
        self._own[node] = inner
        if isinstance(node, _FUNCTIONS):
            arguments = node.args
            for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg):
                if argument is not None:
                    inner.bind(argument.arg)
            # Before the body is seen: a name that is global is not the function's.
            if not isinstance(node, ast.Lambda):
                for statement in ast.walk(node):
                    if isinstance(statement, ast.Global):
                        inner.elsewhere.update(statement.names)


def _parts(node: ast.AST) -> list[ast.AST]:
    parts: list[ast.AST] = []
    for field in node._fields:
        if field in _NO_PARTS:
            continue
        value = getattr(node, field, None)
        if isinstance(value, list):
            parts.extend(part for part in value if isinstance(part, ast.AST))
        elif isinstance(value, ast.AST):
            parts.append(value)
    return parts


def _bind_imports(node: ast.Import | ast.ImportFrom, scope: Scope) -> None:
    if isinstance(node, ast.ImportFrom):
        module = (*(("." * node.level,) if node.level > 0 else ()), *(node.module.split(".") if node.module else ()))
        for item in node.names:
            if item.name == "*":
                scope.module.imports_everything = True
            else:
                scope.bind(item.asname or item.name, (*module, item.name))
        return
    for item in node.names:
        parts = tuple(item.name.split("."))
        scope.bind(item.asname or parts[0], parts if item.asname else parts[:1])


def _is_main_test(test: ast.expr) -> bool:
    if not isinstance(test, ast.Compare) or len(test.ops) != 1 or not isinstance(test.ops[0], ast.Eq):
        return False
    sides = (test.left, test.comparators[0])
    names = [side.id for side in sides if isinstance(side, ast.Name)]
    texts = [side.value for side in sides if isinstance(side, ast.Constant)]
    return names == ["__name__"] and texts == ["__main__"]


def references_of(node: ast.expr, scope: Scope, hops: int = 0) -> list[Dotted]:
    """What an expression may refer to: ways of names from a module, or from `builtins`. Empty when it is none, or cannot be known."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    names.reverse()
    if hops > _MAX_HOPS:
        return []
    return [(*root, *names) for root in _roots_of(node, scope, hops)]


def _roots_of(node: ast.expr, scope: Scope, hops: int) -> list[Dotted]:
    if isinstance(node, ast.Name):
        return _references_of_name(node.id, scope, hops)
    # getattr(os, "system") is os.system.
    if isinstance(node, ast.Call) and len(node.args) >= 2 and not isinstance(node.func, ast.Call):
        name = text_of(node.args[1], scope)
        if name is not None and ("builtins", "getattr") in references_of(node.func, scope, hops + 1):
            return [(*root, name) for root in references_of(node.args[0], scope, hops + 1)]
    return []


def _references_of_name(name: str, scope: Scope, hops: int) -> list[Dotted]:
    bindings = scope.look_up(name)
    if bindings is None:
        if name in _BUILTINS or name in ("__builtins__", "__loader__", "__spec__"):
            return [("builtins", name)]
        # Nobody hides a module under another name by accident; under its own name it is known.
        return [(name,)] if scope.module.imports_everything else []
    if name in scope.resolved:
        return scope.resolved[name]
    # A name that stands for itself stands for nothing.
    scope.resolved[name] = []
    found: list[Dotted] = []
    for binding in bindings:
        found.extend(references_of(binding.value, binding.scope, hops + 1) if isinstance(binding, Alias) else [binding])
    scope.resolved[name] = found[:_MAX_BINDINGS]
    return scope.resolved[name]


def text_of(node: ast.expr, scope: Scope, depth: int = 0) -> str | None:
    """The text that an expression of literals makes."""
    if depth > _MAX_TEXT_DEPTH:
        return None
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = text_of(node.left, scope, depth + 1), text_of(node.right, scope, depth + 1)
        return None if left is None or right is None or len(left) + len(right) > _MAX_TEXT else left + right
    if isinstance(node, ast.JoinedStr):
        parts = [text_of(part, scope, depth + 1) for part in node.values]
        return None if None in parts else "".join(part for part in parts if part is not None)
    if isinstance(node, ast.FormattedValue) and node.format_spec is None:
        return text_of(node.value, scope, depth + 1)
    if isinstance(node, ast.Name):
        bindings = scope.look_up(node.id) or []
        if len(bindings) == 1 and isinstance(bindings[0], Alias):
            return text_of(bindings[0].value, bindings[0].scope, depth + 1)
    return None
