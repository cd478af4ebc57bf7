"""Checks a Python pipeline: `python -I -S -B check.py <folder> <entry> <level>`, absolute real paths.

Prints a report as one JSON document, {"files": […], "findings": [{file, line, column, rule, message, remedy}]}. The sources are parsed and
never run; but whoever wrote them may mean ill, so this is a process of its own with limits.
"""

from __future__ import annotations

import gc
import json
import os
import stat
import sys
import warnings
from typing import Any, Iterator

if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from telefuser_host.check_source import Import, check_source

MAX_FILES = 200
MAX_FILE_BYTES = 1024 * 1024
MAX_FINDINGS = 200
_MAX_MEMORY_BYTES = 1024 * 1024 * 1024
_MAX_CPU_SECONDS = 20
_NATIVE_SUFFIXES = (".so", ".pyd", ".pyc")


class _Refused(Exception):
    """A file is none that may be loaded: rule, message, remedy."""


class FilesCheck:
    """Checks a module and every file of the folder that it imports."""

    def __init__(self, folder: str, entry: str, level: str) -> None:
        self._folder = folder
        self._entry = entry
        self._level = level
        # Where the host looks for a pipeline's own modules.
        self._roots = list(dict.fromkeys((os.path.dirname(entry), folder)))
        self.files: list[str] = []
        self.findings: list[dict[str, Any]] = []

    def run(self) -> dict[str, object]:
        queue, seen = [self._entry], {self._entry}
        for path in queue:
            if len(self.files) == MAX_FILES:
                self._note(path, 1, 1, "too-many-files", f"the pipeline imports more than {MAX_FILES} files", "Put them into fewer files.")
                break
            if len(self.findings) >= MAX_FINDINGS:
                break
            for target in self._check_file(path):
                if target not in seen:
                    seen.add(target)
                    queue.append(target)
        place = {name: index for index, name in enumerate(self.files)}
        self.findings.sort(key=lambda finding: (place.get(finding["file"], MAX_FILES), finding["line"], finding["column"]))
        return {"files": self.files, "findings": self.findings[:MAX_FINDINGS]}

    def _check_file(self, path: str) -> list[str]:
        """The files that it imports."""
        self.files.append(self._name_of(path))
        try:
            text = _read(path, self._folder)
        except _Refused as refused:
            self._note(path, 1, 1, *refused.args)
            return []
        findings, imports = check_source(text, self._level, self._is_local)
        for finding in findings:
            self._note(path, *finding)
        targets: list[str] = []
        for item in imports:
            targets.extend(self._resolve(item, path))
        return targets

    def _is_local(self, module: str) -> bool:
        return any(True for root in self._roots for _ in _files_of(root, module.split(".")))

    def _resolve(self, item: Import, importer: str) -> Iterator[str]:
        parts = item.module.split(".") if item.module else []
        roots = self._roots
        if item.level > 0:
            base = os.path.dirname(importer)
            for _ in range(item.level - 1):
                base = os.path.dirname(base)
            if not _is_inside(self._folder, base):
                remedy = "Load it from a file in the pipeline's folder."
                name = "." * item.level + item.module
                self._note(importer, item.line, item.column, "import-outside", f"{name} is outside the pipeline's folder", remedy)
                return
            roots = [base]
        for root in roots:
            found = list(_files_of(root, parts)) if parts else [os.path.join(root, "__init__.py")]
            for name in item.names:
                found.extend(_files_of(root, [*parts, name]))
            for path in found:
                if path.endswith(_NATIVE_SUFFIXES):
                    message = f"the compiled module {os.path.basename(path)} is imported"
                    remedy = "Install it as a package of the interpreter, at --security-level standard."
                    self._note(importer, item.line, item.column, "native-code", message, remedy)
                elif os.path.lexists(path):
                    yield path

    def _note(self, path: str, line: int, column: int, rule: str, message: str, remedy: str) -> None:
        self.findings.append(
            {
                "file": self._name_of(path)[:1000],
                "line": line,
                "column": column,
                "rule": rule,
                "message": message[:1000].encode("utf-8", "replace").decode(),
                "remedy": remedy,
            }
        )

    def _name_of(self, path: str) -> str:
        return os.path.relpath(path, self._folder).encode("utf-8", "replace").decode()


def _files_of(root: str, parts: list[str]) -> Iterator[str]:
    """The files of a folder that importing `a.b.c` loads: a's, a.b's and the module's own."""
    for length in range(1, len(parts) + 1):
        base = os.path.join(root, *parts[:length])
        for candidate in (os.path.join(base, "__init__.py"), f"{base}.py"):
            if os.path.lexists(candidate):
                yield candidate
        try:
            beside = os.listdir(os.path.dirname(base))
        except (OSError, ValueError):
            continue
        prefix = f"{os.path.basename(base)}."
        yield from (os.path.join(os.path.dirname(base), name) for name in beside if name.startswith(prefix) and name.endswith(_NATIVE_SUFFIXES))


def _read(path: str, folder: str) -> str:
    if not _is_inside(folder, os.path.realpath(path)):
        message = "the file is a symbolic link that leads out of the pipeline's folder"
        raise _Refused("symlink-outside", message, "Put the file itself into the pipeline's folder.")
    try:
        # Opening a pipe waits for whoever writes into it, unless it is told not to.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise _Refused("not-a-file", f"the file cannot be read ({error.strerror})", "Make it a readable file.") from None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise _Refused("not-a-file", "this is no regular file", "Make it a regular file.")
        if status.st_size > MAX_FILE_BYTES:
            message = f"the file has {status.st_size} bytes; {MAX_FILE_BYTES} are read"
            raise _Refused("too-large", message, "Keep data out of the source, or split it.")
        with open(descriptor, "rb", closefd=False) as file:
            return file.read(MAX_FILE_BYTES + 1).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _Refused("not-utf8", "the file is not UTF-8", "Save it as UTF-8.") from None
    finally:
        os.close(descriptor)


def _is_inside(folder: str, path: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def _limit_resources() -> None:
    try:
        import resource
    except ImportError:
        return
    for limit, value in ((resource.RLIMIT_AS, _MAX_MEMORY_BYTES), (resource.RLIMIT_CPU, _MAX_CPU_SECONDS), (resource.RLIMIT_CORE, 0)):
        hard = resource.getrlimit(limit)[1]
        resource.setrlimit(limit, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))


def main(folder: str, entry: str, level: str) -> None:
    _limit_resources()
    # Nothing here goes in circles but for the trees, which are bounded; looking for garbage would take half the time.
    gc.disable()
    # What Python thinks of odd literals is no finding.
    warnings.simplefilter("ignore")
    json.dump(FilesCheck(folder, entry, level).run(), sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:4])
