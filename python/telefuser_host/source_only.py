"""
Modules of the pipeline's folder are loaded from their source, which is what the check has read.

Python would rather take what lies beside it: a `.pyc` in `__pycache__` that claims to be of the source, a `.pyc` alone, or a compiled
module of the same name. Libraries of the interpreter keep their bytecode, without which they load slowly.
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import EXTENSION_SUFFIXES, SOURCE_SUFFIXES, ExtensionFileLoader, FileFinder, SourceFileLoader
from types import CodeType


class SourceOnlyLoader(SourceFileLoader):
    """Compiles the source, and neither reads nor writes bytecode."""

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        return self.source_to_code(self.get_data(path), path)


def install(folder: str, *, extensions: bool) -> None:
    """
    Has modules in a folder, and in folders beneath it, loaded from source only; `extensions`: or from compiled modules.

    What the interpreter finds its libraries by when this is called stays as it is, also where it lies in the folder, as a virtual
    environment may.
    """
    root = os.path.realpath(folder)
    libraries = [
        path
        for path in map(os.path.realpath, (sys.prefix, sys.base_prefix, sys.exec_prefix, *sys.path))
        if path != root and _is_within(path, root)
    ]
    compiled = [(ExtensionFileLoader, EXTENSION_SUFFIXES)] if extensions else []

    def find_in(path: str) -> FileFinder:
        real = os.path.realpath(path)
        if not _is_within(real, root) or any(_is_within(real, library) for library in libraries):
            raise ImportError("not of the pipeline's folder", path=path)
        # Also of what is no folder: an archive is not looked into, for it may hold bytecode.
        return FileFinder(path, *compiled, (SourceOnlyLoader, SOURCE_SUFFIXES))

    sys.path_hooks.insert(0, find_in)
    sys.path_importer_cache.clear()


def _is_within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)
