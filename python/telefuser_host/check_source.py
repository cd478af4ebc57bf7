"""The static check of one Python source. It is parsed, and never run."""

from __future__ import annotations

import ast
import re
from typing import Callable, NamedTuple, Sequence

from .check_policy import (
    AT_STANDARD,
    NOT_EVEN_AT_STANDARD,
    STRICT,
    WRITE_IT_OUT,
    Objection,
    is_watched,
    object_to_method,
    object_to_module,
    object_to_reference,
)
from .check_scopes import Dotted, Scope, ScopedTree, references_of, text_of

_OPENERS = frozenset({("builtins", "open"), ("io", "open"), ("codecs", "open"), ("gzip", "open"), ("bz2", "open"), ("lzma", "open")})
_ATTRIBUTE_FUNCTIONS = frozenset({("builtins", "getattr"), ("builtins", "setattr"), ("builtins", "delattr")})
_ATTRIBUTE_GETTERS = frozenset({("operator", "attrgetter"), ("operator", "methodcaller")})
_MODE = re.compile(r"[rwabxt+U]{1,4}")
_CODING = re.compile(r"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_UTF8 = frozenset({"utf-8", "utf8", "utf-8-sig", "u8", "ascii", "us-ascii"})
# Keyword arguments that let a library run code that comes with data.
_UNSAFE_KEYWORDS = {"trust_remote_code": (True, False), "allow_pickle": (True, True), "weights_only": (False, True)}


class SourceFinding(NamedTuple):
    line: int
    column: int
    rule: str
    message: str
    remedy: str


class Import(NamedTuple):
    """An import statement, for whoever knows the files: `from ..module import names` has two levels."""

    line: int
    column: int
    level: int
    module: str
    names: tuple[str, ...]


class SourceCheck(NamedTuple):
    findings: list[SourceFinding]
    imports: list[Import]


def check_source(text: str, level: str, is_local: Callable[[str], bool] = lambda module: False) -> SourceCheck:
    """Checks a source against a level. Never raises for any text.

    is_local: whether the pipeline's folder has a module of this name.
    """
    lines = re.split(r"\r\n|\r|\n", text)
    for number, line in enumerate(lines[:2], 1):
        coding = _CODING.match(line)
        if coding is not None and coding.group(1).lower().replace("_", "-") not in _UTF8:
            finding = SourceFinding(number, 1, "not-utf8", f"the source says it is {coding.group(1)}", "Save it as UTF-8.")
            return SourceCheck([finding], [])
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        return SourceCheck([_syntax_finding(error)], [])
    except (RecursionError, MemoryError):
        remedy = "Split the expression; the check reads about a hundred levels."
        return SourceCheck([SourceFinding(1, 1, "too-deep", "the source is nested too deeply to be read", remedy)], [])
    except ValueError as error:
        return SourceCheck([SourceFinding(1, 1, "syntax", str(error), "Correct it there.")], [])
    if level == "permissive":
        return SourceCheck([], [])
    return _Rules(tree, lines, level, is_local).check()


def _syntax_finding(error: SyntaxError) -> SourceFinding:
    rule = "too-deep" if "too many" in error.msg and "nested" in error.msg else "syntax"
    return SourceFinding(max(error.lineno or 1, 1), max(error.offset or 1, 1), rule, error.msg, "Correct it there.")


class _Rules:
    """Walks one tree and notes what its level does not allow."""

    def __init__(self, tree: ast.Module, lines: Sequence[str], level: str, is_local: Callable[[str], bool]) -> None:
        self._scoped = ScopedTree(tree)
        self._lines = lines
        self._level = level
        self._is_local = is_local
        self._findings: list[SourceFinding] = []
        self._imports: list[Import] = []
        # Nodes that are looked at with the attribute asked of them.
        self._inner: set[ast.AST] = set()
        # Nodes that may be a module as a whole: nothing can come of it there, or their own uses are looked at.
        self._excused: set[ast.AST] = set()

    def check(self) -> SourceCheck:
        stack: list[tuple[ast.AST, Scope]] = [(self._scoped.tree, self._scoped.module_scope)]
        while stack:
            node, scope = stack.pop()
            if isinstance(node, ast.If) and ("typing", "TYPE_CHECKING") in references_of(node.test, scope):
                stack.extend((part, scope) for part in node.orelse)
                continue
            self._visit(node, scope)
            stack.extend(self._scoped.children(node, scope))
        return SourceCheck(sorted(set(self._findings)), sorted(self._imports))

    def _visit(self, node: ast.AST, scope: Scope) -> None:
        if isinstance(node, ast.Name):
            self._visit_reference(node, scope)
        elif isinstance(node, ast.Attribute):
            self._visit_attribute(node, scope)
        elif isinstance(node, ast.Call):
            self._visit_call(node, scope)
        elif isinstance(node, ast.Subscript):
            self._visit_subscript(node, scope)
        elif isinstance(node, (ast.Assign, ast.AnnAssign, ast.Expr, ast.Compare)):
            self._excuse(node, scope)
        elif isinstance(node, ast.Import):
            for item in node.names:
                self._visit_import(node, 0, item.name, ())
        elif isinstance(node, ast.ImportFrom):
            self._visit_import_from(node)

    def _visit_import_from(self, node: ast.ImportFrom) -> None:
        module = node.module or ""
        names = tuple(item.name for item in node.names)
        is_local = node.level > 0 or self._is_local(module)
        if names == ("*",) and is_local:
            self._note(node, "reflection", f"every name of {'.' * node.level}{module} is imported", WRITE_IT_OUT)
        if not self._visit_import(node, node.level, module, names) or node.level > 0:
            return
        for item in node.names:
            path = (*module.split("."), item.name)
            at = item if hasattr(item, "lineno") else node  # Python 3.9 does not know where a name is
            if item.name == "*":
                if is_watched(path[:-1], STRICT):
                    self._note(at, "reflection", f"every name of {module} is imported", WRITE_IT_OUT)
            elif not is_local:
                self._object(at, object_to_reference(path, self._level))
                self._object(at, object_to_method(item.name, self._level))

    def _visit_import(self, node: ast.stmt, level: int, module: str, names: tuple[str, ...]) -> bool:
        """Notes an import. Whether it is allowed by its module's name."""
        line, column = self._position(node)
        self._imports.append(Import(line, column, level, module, names))
        if level > 0:
            return True
        objection = object_to_module(module, self._level)
        # `from urllib import parse` is no more than `import urllib.parse`.
        if names and all(object_to_module(f"{module}.{name}", self._level) is None for name in names):
            return True
        # A file of the pipeline that is called like a module of Python's does not take its place.
        if objection is None or (self._is_local(module) and objection.rule == "import-not-allowed"):
            return True
        self._object(node, objection)
        return False

    def _excuse(self, node: ast.AST, scope: Scope) -> None:
        if isinstance(node, ast.Compare):
            self._excused.update((node.left, *node.comparators))
        elif isinstance(node, ast.Expr):
            self._excused.add(node.value)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            # What is a module's or a class's own can be used from elsewhere.
            is_private = scope is not self._scoped.module_scope and not scope.is_class
            if is_private and all(isinstance(target, ast.Name) for target in targets):
                self._excused.add(node.value)

    def _visit_attribute(self, node: ast.Attribute, scope: Scope) -> None:
        if isinstance(node.value, (ast.Attribute, ast.Name)):
            self._inner.add(node.value)
        objection = object_to_method(node.attr, self._level)
        if objection is not None and not self._is_harmless_method(node, objection, scope):
            self._object(node, objection)
        self._visit_reference(node, scope)

    @staticmethod
    def _is_harmless_method(node: ast.Attribute, objection: Objection, scope: Scope) -> bool:
        # The pipeline's own methods may be called anything, and os.mkdir is looked at as a name of os.
        is_own = isinstance(node.value, ast.Name) and node.value.id in ("self", "cls") and objection.rule != "reflection"
        return is_own or any(path[0] == "os" for path in references_of(node, scope))

    def _visit_reference(self, node: ast.expr, scope: Scope) -> None:
        """The longest way of names is what counts: `os` in `os.path.join` is looked at with it."""
        is_target = isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)
        if is_target or node in self._inner:
            return
        for path in references_of(node, scope):
            objection = object_to_reference(path, self._level)
            if objection is not None:
                self._object(node, objection)
            elif node not in self._excused and is_watched(path, self._level):
                self._note(node, "reflection", f"{path[-1]} is handed on as a value", WRITE_IT_OUT)

    def _visit_call(self, node: ast.Call, scope: Scope) -> None:
        self._excused.add(node.func)
        functions = references_of(node.func, scope)
        self._check_attribute_name(node, functions, scope)
        self._check_mode(node, functions, scope)
        self._check_keywords(node)
        if ("builtins", "vars") in functions and not node.args and self._level == STRICT:
            self._note(node, "reflection", "vars() gives every name of the module", WRITE_IT_OUT)
        self._visit_reference(node, scope)

    def _check_attribute_name(self, node: ast.Call, functions: list[Dotted], scope: Scope) -> None:
        is_getter = any(function in _ATTRIBUTE_GETTERS for function in functions)
        if not is_getter and not any(function in _ATTRIBUTE_FUNCTIONS for function in functions):
            return
        if not is_getter and node.args:
            self._excused.add(node.args[0])
        for name in node.args if is_getter else node.args[1:2]:
            text = text_of(name, scope)
            if text is not None:
                for part in text.split("."):
                    self._object(node, object_to_method(part, self._level))
            elif is_getter or ("builtins", "getattr") in functions:
                of_module = not is_getter and any(is_watched(path, STRICT) for path in references_of(node.args[0], scope))
                if self._level == STRICT or of_module:
                    self._note(node, "reflection", "an attribute is named by a computed text", WRITE_IT_OUT)

    def _check_mode(self, node: ast.Call, functions: list[Dotted], scope: Scope) -> None:
        if self._level != STRICT:
            return
        is_opener = any(function in _OPENERS for function in functions)
        is_method = isinstance(node.func, ast.Attribute) and node.func.attr == "open" and not functions
        if not is_opener and not is_method:
            return
        mode: ast.expr | None = next((keyword.value for keyword in node.keywords if keyword.arg == "mode"), None)
        position = 1 if is_opener else 0
        if mode is None and len(node.args) > position:
            mode = node.args[position]
        spreads = any(isinstance(argument, ast.Starred) for argument in node.args) or any(keyword.arg is None for keyword in node.keywords)
        if mode is None and not (is_opener and spreads):
            return
        text = None if mode is None else text_of(mode, scope)
        if text is None and is_method:
            return
        if text is None or (_MODE.fullmatch(text) and set(text) & set("wax+")):
            self._note(node, "file-write", "a file is opened in a mode that may write", f"Open it with 'r' or 'rb'. {AT_STANDARD}")

    def _check_keywords(self, node: ast.Call) -> None:
        for keyword in node.keywords:
            unsafe, only_strict = _UNSAFE_KEYWORDS.get(keyword.arg or "", (None, False))
            if unsafe is None or not isinstance(keyword.value, ast.Constant) or keyword.value.value is not unsafe:
                continue
            if self._level == STRICT or not only_strict:
                remedy = AT_STANDARD if only_strict else NOT_EVEN_AT_STANDARD
                self._note(keyword.value, "dynamic-code", f"{keyword.arg}={unsafe} runs code that comes with the data", remedy)

    def _visit_subscript(self, node: ast.Subscript, scope: Scope) -> None:
        index = node.slice
        text = text_of(index, scope) if isinstance(index, ast.expr) else None
        if text is not None and text.startswith("__"):
            self._object(node, object_to_method(text, self._level))

    def _object(self, node: ast.AST, objection: Objection | None) -> None:
        if objection is not None:
            self._note(node, *objection)

    def _note(self, node: ast.AST, rule: str, message: str, remedy: str) -> None:
        line, column = self._position(node)
        self._findings.append(SourceFinding(line, column, rule, message, remedy))

    def _position(self, node: ast.AST) -> tuple[int, int]:
        """Line and column from 1; the tree's columns count bytes."""
        line, offset = getattr(node, "lineno", 1), getattr(node, "col_offset", 0)
        text = self._lines[line - 1] if line <= len(self._lines) else ""
        return line, len(text.encode("utf-8", "replace")[:offset].decode("utf-8", "replace")) + 1
