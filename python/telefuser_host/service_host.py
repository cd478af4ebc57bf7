"""Carries out the server's messages on a started service."""

from __future__ import annotations

import threading
import time
from typing import Any

from .controls import control_key
from .host_state import HostState
from .protocol import Message, ProtocolError
from .session_run import SessionRun

_MAX_SESSION_ID_LENGTH = 256
_MAX_TIMEOUT_MS = 3_600_000


class ServiceHost:
    """Owns the runs."""

    def __init__(self, state: HostState) -> None:
        self._state = state
        self._runs: dict[int, SessionRun] = {}
        self._lock = threading.Lock()

    def handle(self, message: Message) -> None:
        """To be called on the thread that reads the pipe; never waits for the pipeline. Raises ProtocolError."""
        header = message.header
        kind = header.get("type")
        if kind == "open":
            self._open(header)
        elif kind in ("pull", "push", "media", "close"):
            self._handle_run_message(kind, message)

    def close_all(self, timeout: float) -> None:
        """Ends every run within so many seconds."""
        ends_at = time.monotonic() + timeout
        with self._lock:
            runs = list(self._runs.values())
        for run in runs:
            run.close(timeout)
        for run in runs:
            run.over.wait(max(0.0, ends_at - time.monotonic()))

    def _open(self, header: dict[str, Any]) -> None:
        number = read_number(header, "run", 1)
        request, session = header.get("request"), header.get("session")
        if not isinstance(request, dict):
            raise ProtocolError("an open without a request")
        if not isinstance(session, str) or len(session) > _MAX_SESSION_ID_LENGTH:
            raise ProtocolError("an open without a session")
        with self._lock:
            if number in self._runs:
                return
        try:
            run = SessionRun(number, self._state, lambda: self._forget(number))
        except (RuntimeError, OSError) as error:
            message = f"the process has no room for another session: {error}"
            self._state.connection.send({"type": "refused", "run": number, "kind": "refused", "message": message})
            return
        with self._lock:
            self._runs[number] = run
        run.open(session, request)

    def _handle_run_message(self, kind: str, message: Message) -> None:
        header = message.header
        number = read_number(header, "run", 1)
        with self._lock:
            run = self._runs.get(number)
        if run is None:
            # The server may speak of a run that is just gone: its message crossed ours on the way.
            if kind == "close":
                self._state.connection.send({"type": "closed", "run": number})
        elif kind == "pull":
            run.add_credit(read_number(header, "credit", 1))
        elif kind == "push":
            binary = header.get("binary") is True and message.parts
            run.push(bytes(message.parts[0]) if binary else header.get("message"), read_control(header))
        elif kind == "media":
            run.push_media(message)
        else:
            run.close(read_timeout(header))

    def _forget(self, number: int) -> None:
        with self._lock:
            self._runs.pop(number, None)


def read_number(header: dict[str, Any], name: str, low: int) -> int:
    """A whole number of a message. Raises ProtocolError."""
    value = header.get(name)
    if type(value) is not int or value < low:
        raise ProtocolError(f"{name} is no whole number from {low}")
    return value


def read_control(header: dict[str, Any]) -> str | None:
    """The id of a pushed message, None for one without. Raises ProtocolError."""
    value = header.get("control")
    key = control_key(value)
    if value is not None and key is None:
        raise ProtocolError("control is no id")
    return key


def read_timeout(header: dict[str, Any]) -> float:
    """`timeoutMs` of a message, in seconds. Raises ProtocolError."""
    value = header.get("timeoutMs")
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 <= value <= _MAX_TIMEOUT_MS:
        raise ProtocolError(f"timeoutMs is no number from 0 to {_MAX_TIMEOUT_MS}")
    return value / 1000
