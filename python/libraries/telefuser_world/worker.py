"""The thread on which a session's pictures are made."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Callable, Generator, TypeVar

from .control_inbox import ControlInbox

#: Whatever happens, whoever waits looks up this often.
LONGEST_WAIT_SECONDS = 0.5

_Result = TypeVar("_Result")


class SessionClosed(Exception):
    """The session was closed while it waited."""


class Worker:
    """One function after the other, on one thread. Its waits are generators: they yield what the inbox has to tell the client meanwhile."""

    def __init__(self, inbox: ControlInbox) -> None:
        self._inbox = inbox
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="world")

    def submit(self, function: Callable[[], _Result]) -> Future[_Result]:
        """Raises SessionClosed."""
        self.check_open()
        try:
            future = self._thread.submit(function)
        except RuntimeError:
            # It was closed in this very moment.
            raise SessionClosed from None
        future.add_done_callback(lambda _future: self._inbox.poke())
        return future

    def call(self, function: Callable[[], _Result]) -> Generator[dict[str, Any], None, _Result]:
        """The value is what the function returns; raises what it raises, or SessionClosed."""
        return (yield from self.result_of(self.submit(function)))

    def result_of(self, future: Future[_Result]) -> Generator[dict[str, Any], None, _Result]:
        """The value is what was submitted has returned. Raises what that raised, or SessionClosed."""
        while True:
            seen = self._inbox.arrivals
            yield from self._inbox.take_statuses()
            if future.done():
                return future.result()
            self.check_open()
            self._inbox.wait(seen, LONGEST_WAIT_SECONDS)

    def check_open(self) -> None:
        """Raises SessionClosed."""
        if self._inbox.closed:
            raise SessionClosed

    def end(self, last: Callable[[], None]) -> None:
        """Calls one more function, after the one that is running. Waits for neither."""
        self._thread.submit(last)
        self._thread.shutdown(wait=False)
