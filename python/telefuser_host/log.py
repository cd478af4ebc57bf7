"""What the host and the pipeline's `logging` say, on its way to the server's log."""

from __future__ import annotations

import contextvars
import logging
import sys
import threading
import time
from typing import Any, Literal, Optional

from .errors import format_traceback
from .protocol import Connection

Level = Literal["debug", "info", "warn", "error"]

#: The run that the code of a pipeline works for, where that is known.
current_run: contextvars.ContextVar[Optional[int]] = contextvars.ContextVar("current_run", default=None)

_MAX_CHARACTERS = 4000
_MAX_MESSAGES_PER_SECOND = 200


class HostLog:
    """Sends log messages. A flood is thinned, with a word about it: the pipe is there for the media."""

    def __init__(self, connection: Connection) -> None:
        self._connection: Connection | None = connection
        # What ends an object that is collected meanwhile may have something to log as well.
        self._counting = threading.RLock()
        self._second_began_at = float("-inf")
        self._messages_this_second = 0
        self._left_out = 0

    def say(self, level: Level, text: str, run: int | None = None) -> None:
        """Sends one entry; without `run` it is the current run's, if there is one."""
        run = current_run.get() if run is None else run
        allowed, left_out = self._count()
        if left_out > 0:
            self._send("warn", f"({left_out} more log entries were left out)", None)
        if allowed:
            self._send(level, text, run)

    def exception(self, what: str, error: BaseException, run: int | None = None, level: Level = "error") -> None:
        """Sends an entry with the traceback of an exception."""
        self.say(level, f"{what}\n{format_traceback(error)}", run)

    def leave_server(self) -> None:
        """In a forked worker process: the pipe is not its own, so it prints."""
        self._connection = None
        self._counting = threading.RLock()

    def _count(self) -> tuple[bool, int]:
        with self._counting:
            now = time.monotonic()
            left_out = 0
            if now - self._second_began_at >= 1:
                left_out, self._left_out = self._left_out, 0
                self._second_began_at = now
                self._messages_this_second = 0
            self._messages_this_second += 1
            if self._messages_this_second <= _MAX_MESSAGES_PER_SECOND:
                return True, left_out
            self._left_out += 1
            return False, left_out

    def _send(self, level: Level, text: str, run: int | None) -> None:
        if self._connection is None:
            print(text, file=sys.stderr)
            return
        header = {"type": "log", "level": level, "text": _shortened(text)}
        self._connection.send(header if run is None else {**header, "run": run})


def _shortened(text: str) -> str:
    if len(text) <= _MAX_CHARACTERS:
        return text
    # A traceback says the most in its first and in its last lines.
    half = _MAX_CHARACTERS // 2 - 2
    return f"{text[:half]}\n…\n{text[-half:]}"


class ServerLogHandler(logging.Handler):
    """Hands the records of `logging` to the server, with level and session."""

    def __init__(self, log: HostLog) -> None:
        super().__init__()
        self._log = log
        self.setFormatter(logging.Formatter("%(name)s: %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._log.say(_level_of(record.levelno), self.format(record))
        except Exception:
            self.handleError(record)


def _level_of(number: int) -> Level:
    if number >= logging.ERROR:
        return "error"
    if number >= logging.WARNING:
        return "warn"
    return "info" if number >= logging.INFO else "debug"


def install_log_handler(log: HostLog) -> None:
    """
    Sends what is logged from INFO upwards to the server as long as the pipeline has not said itself where it is to go. The
    handler of last resort is the one that gives way then; a handler on the root logger would make the pipeline's `basicConfig` do
    nothing.
    """
    root = logging.getLogger()
    root.setLevel(logging.INFO)
    logging.lastResort = ServerLogHandler(log)
    configure = logging.basicConfig

    def basic_config(**wishes: Any) -> None:
        # `logging.warning()` calls this without a wish, and many programs wish for a level only. The usual handler would print
        # all of it to stderr, where level and session are lost.
        if root.handlers or wishes.keys() - {"level"}:
            configure(**wishes)
        elif wishes.get("level") is not None:
            root.setLevel(wishes["level"])

    logging.basicConfig = basic_config
