"""What is run of a pipeline is the source that was checked, in a host as the server starts it."""

from __future__ import annotations

import json
import os
import py_compile
import subprocess
import sys
import sysconfig
import tempfile
import textwrap
import unittest
from pathlib import Path

from .host_under_test import HostUnderTest
from .test_sandbox import LIBRARIES, SECCOMP

#: Says by its name where the modules that it imports come from.
PIPELINE = """
    {imports}

    class Service:
        def serve(self, request):
            yield {{"text": {value}}}

    def get_service():
        return Service()
"""


@unittest.skipUnless(sys.platform == "linux", "the sandbox is Linux's")
class SourceOnlyTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name) / "pipeline"
        self.folder.mkdir()

    def write(self, name: str, source: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(textwrap.dedent(source))
        return path

    def compile_hostile(self, name: str, source: str, cfile: str | None = None) -> None:
        """Bytecode of another source, which claims to be of the one that is there, whatever that says."""
        hostile = self.write("hostile.txt", source)
        cfile = cfile or str(self.folder / "__pycache__" / f"{name}.{sys.implementation.cache_tag}.pyc")
        py_compile.compile(str(hostile), cfile, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
        hostile.unlink()

    def policy(self) -> str:
        readable = [*LIBRARIES, str(self.folder), str(Path(__file__).resolve().parents[1])]
        empty: dict[str, object] = dict.fromkeys(("listable", "writable", "executable"), [])
        return json.dumps(
            {**empty, "required": True, "readable": readable, "devices": [], "seccomp": SECCOMP, "limits": {}},
        )

    def played(self, imports: str, value: str, policy: str) -> str:
        """The text that the pipeline yields, or why it does not start."""
        path = self.write("pipeline.py", PIPELINE.format(imports=imports, value=value))
        with HostUnderTest("", path=path, policy=policy) as host:
            started = host.start()
            if started["type"] != "ready":
                return str(started["message"])
            host.open()
            return str(host.chunk().header["metadata"]["text"])

    def expect(self, imports: str, value: str, outcome: str) -> None:
        for policy in ("null", self.policy()):
            self.assertRegex(self.played(imports, value, policy), outcome)

    def test_takes_the_source_and_not_the_bytecode_beside_it(self) -> None:
        self.write("helper.py", "NAME = 'source'")
        self.compile_hostile("helper", "NAME = 'bytecode'")
        # Python by itself would take it.
        by_itself = subprocess.run([sys.executable, "-c", "import helper; print(helper.NAME)"], cwd=self.folder, capture_output=True)
        self.assertEqual(by_itself.stdout, b"bytecode\n")
        self.expect("import helper", "helper.NAME", "^source$")

    def test_takes_the_source_of_modules_of_packages(self) -> None:
        self.write("package/__init__.py", "")
        self.write("package/helper.py", "NAME = 'source'")
        self.compile_hostile("", "NAME = 'bytecode'", str(self.folder / f"package/__pycache__/helper.{sys.implementation.cache_tag}.pyc"))
        self.expect("from package.helper import NAME", "NAME", "^source$")

    def test_takes_the_source_of_the_entry(self) -> None:
        self.compile_hostile("pipeline", "raise SystemExit('bytecode')")
        self.expect("", "'source'", "^source$")

    def test_finds_no_bytecode_without_a_source(self) -> None:
        self.compile_hostile("", "NAME = 'bytecode'", str(self.folder / "helper.pyc"))
        self.expect("import helper", "helper.NAME", "No module named 'helper'")

    def test_looks_into_no_archive(self) -> None:
        import zipfile

        with zipfile.ZipFile(self.folder / "archive.zip", "w") as archive:
            archive.writestr("helper.py", "NAME = 'archive'")
        path = str(self.folder / "archive.zip")
        self.expect(f"import sys; sys.path.append({path!r}); import helper", "helper.NAME", "No module named 'helper'")

    def test_loads_compiled_modules_of_the_folder_only_without_a_sandbox(self) -> None:
        (self.folder / f"compiled{sysconfig.get_config_var('EXT_SUFFIX')}").write_bytes(b"no library")
        self.assertRegex(self.played("import compiled", "''", "null"), "compiled.*(too short|invalid ELF)")
        self.assertRegex(self.played("import compiled", "''", self.policy()), "No module named 'compiled'")

    def test_keeps_the_bytecode_of_libraries_in_the_folder(self) -> None:
        library = self.folder / "venv"
        library.mkdir()
        (library / "helper.py").write_text("NAME = 'source'")
        self.compile_hostile("", "NAME = 'bytecode'", str(library / f"__pycache__/helper.{sys.implementation.cache_tag}.pyc"))
        script = (
            "import sys; from telefuser_host import source_only;"
            f"sys.path.append({str(library)!r}); source_only.install({str(self.folder)!r}, extensions=False);"
            f"sys.path.append({str(self.folder)!r}); import helper, json; print(helper.NAME, json.__spec__.loader.__class__.__name__)"
        )
        root = str(Path(__file__).resolve().parents[1])
        environment = {**os.environ, "PYTHONPATH": root}
        found = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
        self.assertEqual(found.stdout, "bytecode SourceFileLoader\n")


if __name__ == "__main__":
    unittest.main()
