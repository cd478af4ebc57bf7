"""The host as a real process, with the test at the server's end of the pipe."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path
from typing import Any, Callable, Sequence

from telefuser_host.protocol import (
    MAX_HEADER_BYTES_FROM_HOST,
    MAX_HEADER_BYTES_FROM_SERVER,
    BytesLike,
    Message,
    MessageDecoder,
    encode_message,
)

HOST_FOLDER = Path(__file__).resolve().parent.parent / "telefuser_host"
DEADLINE_SECONDS = 20.0


class HostUnderTest:
    """One process with one pipeline. Close it, or use it with `with`."""

    def __init__(self, pipeline: str, *, name: str = "pipeline.py", policy: str = "null", path: Path | None = None) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="telefuser-host-"))
        self.file = path or self.folder / name
        if path is None:
            self.file.write_text(textwrap.dedent(pipeline), encoding="utf-8")
        self.pipe, theirs = socket.socketpair()
        self._output = tempfile.TemporaryFile()
        # The shell gives the socket its number; `pass_fds` alone keeps the one it has here.
        script = f'exec "$@" 3<&{theirs.fileno()}'
        command = ["/bin/sh", "-c", script, "sh", sys.executable, "-u", "-B", str(HOST_FOLDER), policy]
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=self._output, stderr=subprocess.STDOUT, pass_fds=(theirs.fileno(),)
        )
        theirs.close()
        self._decoder = MessageDecoder(MAX_HEADER_BYTES_FROM_HOST)
        self.received: list[Message] = []

    def __enter__(self) -> HostUnderTest:
        return self

    def __exit__(self, *_details: Any) -> None:
        self.close()

    def close(self) -> None:
        self.pipe.close()
        try:
            # The end of the pipe is the order to end.
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            raise
        finally:
            self._output.close()
            shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def output(self) -> str:
        """What the process has printed so far."""
        # Not by seek(): the process writes where this file stands, and would write over what it has printed.
        descriptor = self._output.fileno()
        return os.pread(descriptor, os.fstat(descriptor).st_size, 0).decode()

    def send(self, header: dict[str, Any], parts: Sequence[BytesLike] = ()) -> None:
        self.pipe.settimeout(DEADLINE_SECONDS)
        for buffer in encode_message(header, parts, MAX_HEADER_BYTES_FROM_SERVER):
            self.pipe.sendall(buffer)

    def start(self, *, gpu_num: int = 1, options: dict[str, str] | None = None) -> dict[str, Any]:
        """Starts the pipeline; gives `ready` or `start-failed`."""
        self.expect("hello")
        self.send({"type": "start", "file": str(self.file), "gpuNum": gpu_num, "options": options or {}})
        return self.next_of("ready", "start-failed").header

    def open(self, run: int = 1, session: str = "s", request: dict[str, Any] | None = None) -> dict[str, Any]:
        """Opens a run; gives `opened` or `refused`."""
        self.send({"type": "open", "run": run, "session": session, "request": request or {}})
        return self.wait_for(
            lambda message: message.header["type"] in ("opened", "refused") and message.header["run"] == run
        ).header

    def pull(self, run: int = 1, credit: int = 1) -> None:
        self.send({"type": "pull", "run": run, "credit": credit})

    def push(self, message: Any, run: int = 1) -> None:
        self.send({"type": "push", "run": run, "message": message})

    def close_run(self, run: int = 1, timeout_ms: int = 5000) -> None:
        """Closes a run and waits for the answer."""
        self.send({"type": "close", "run": run, "timeoutMs": timeout_ms})
        self.wait_for(lambda message: message.header == {"type": "closed", "run": run}, timeout_ms / 1000 + DEADLINE_SECONDS)

    def chunk(self, run: int = 1) -> Message:
        """Asks for one chunk and gives it."""
        self.pull(run)
        return self.wait_for(lambda message: message.header["type"] == "chunk" and message.header["run"] == run)

    def expect(self, kind: str) -> Message:
        """The next message, which must be of this type."""
        message = self._receive(time.monotonic() + DEADLINE_SECONDS)
        if message.header["type"] != kind:
            raise AssertionError(f"{message.header} came, not {kind}")
        return message

    def next_of(self, *kinds: str) -> Message:
        """The next message of one of these types; others stay in `received`."""
        return self.wait_for(lambda message: message.header["type"] in kinds)

    def wait_for(self, wanted: Callable[[Message], bool], timeout: float = DEADLINE_SECONDS) -> Message:
        """The next message that is wanted; others stay in `received`."""
        ends_at = time.monotonic() + timeout
        while True:
            message = self._receive(ends_at)
            if wanted(message):
                return message

    def wait_for_log(self, text: str) -> dict[str, Any]:
        """The first log message, perhaps one that has come already, with this text in it."""
        for message in self.received:
            if message.header["type"] == "log" and text in message.header["text"]:
                return message.header
        return self.wait_for(lambda message: message.header["type"] == "log" and text in message.header["text"]).header

    def wait_for_output(self, text: str) -> None:
        wait_until(lambda: text in self.output, lambda: f"{text!r} was not printed, only: {self.output}")

    def wait_for_exit(self) -> int:
        return self.process.wait(DEADLINE_SECONDS)

    def _receive(self, ends_at: float) -> Message:
        while True:
            self.pipe.settimeout(max(0.001, ends_at - time.monotonic()))
            try:
                count = self.pipe.recv_into(self._decoder.buffer())
            except socket.timeout:
                raise AssertionError(
                    f"nothing wanted came in time, only: {[m.header for m in self.received]}\n{self.output}"
                ) from None
            if count == 0:
                raise AssertionError(f"the process is gone, after: {[m.header for m in self.received]}\n{self.output}")
            message = self._decoder.advance(count)
            if message is not None:
                self.received.append(message)
                return message


def wait_until(condition: Callable[[], bool], problem: Callable[[], str]) -> None:
    """Waits for what no message tells of."""
    ends_at = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        if time.monotonic() > ends_at:
            raise AssertionError(problem())
        time.sleep(0.01)
