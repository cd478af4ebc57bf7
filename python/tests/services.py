"""Sources of pipelines in a few lines, and what their runs made."""

from __future__ import annotations

import textwrap
from typing import Any

from .host_under_test import HostUnderTest


def server_push(method: str, rest: str = "") -> str:
    """A pipeline whose service has these methods; `rest` stands beside it."""
    return f"{_service(method)}\n{textwrap.dedent(rest)}\n\ndef get_service(): return Service()\n"


def bidirectional(methods: str) -> str:
    """A pipeline whose methods do nothing but what these say."""
    silent = """
        def create_session(self, config): pass
        def push_chunk(self, session_id, chunk): pass
        async def pull_chunks(self, session_id):
            if False: yield
        def close_session(self, session_id): pass
    """
    return f"{_service(silent)}\n{_method_lines(methods)}\n\ndef get_service(): return Service()\n"


def _service(methods: str) -> str:
    return f"import asyncio, queue, sys, threading, time\n\nclass Service:\n{_method_lines(methods)}"


def _method_lines(methods: str) -> str:
    return textwrap.indent(textwrap.dedent(methods), "    ")


def indices(host: HostUnderTest, run: int = 1) -> list[Any]:
    return [m.header["index"] for m in host.received if m.header["type"] == "chunk" and m.header["run"] == run]
