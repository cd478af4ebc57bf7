"""The thread on which a plain generator is advanced."""

from __future__ import annotations

import asyncio
import contextvars
import queue
import threading
from typing import Any, Callable, Optional, Tuple

from .session_loop import SessionLoop

#: What a call returned, or what it raised.
_Outcome = Tuple[Any, Optional[BaseException]]


class GeneratorThread:
    """
    Carries out calls one after the other, for a session's loop that must stay free meanwhile. The thread sees the context variables
    of whoever makes it. It is a daemon: one that never comes back can only be left behind.
    """

    def __init__(self, name: str, loop: SessionLoop, on_unheard: Callable[[BaseException], None]) -> None:
        """
        Raises RuntimeError when the system gives no thread. `on_unheard` hears, on the loop, what a call raised that nobody waits for
        any more.
        """
        self._loop = loop
        self._on_unheard = on_unheard
        self._calls: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        run = contextvars.copy_context().run
        self.thread = threading.Thread(target=run, args=(self._run,), name=name, daemon=True)
        self.thread.start()

    async def call(self, function: Callable[[], Any]) -> Any:
        """
        What the function returns on the thread; to be awaited on the loop. Who is cancelled meanwhile waits no longer, but the call
        goes on, and the next one comes after it.
        """
        answer: asyncio.Future[_Outcome] = asyncio.get_running_loop().create_future()

        def work() -> None:
            outcome = _outcome_of(function)
            self._loop.call(self._answer, answer, outcome)

        self._calls.put(work)
        value, error = await answer
        if error is None:
            return value
        try:
            raise error
        finally:
            # The error knows this frame: without a cycle, what the frame knows is free at once.
            del error

    def end(self) -> None:
        """Ends the thread after the calls that it has. From any thread; idempotent."""
        self._calls.put(None)

    def _answer(self, answer: asyncio.Future[_Outcome], outcome: _Outcome) -> None:
        if not answer.done():
            answer.set_result(outcome)
        elif outcome[1] is not None:
            self._on_unheard(outcome[1])

    def _run(self) -> None:
        while True:
            work = self._calls.get()
            if work is None:
                return
            work()
            del work


def _outcome_of(function: Callable[[], Any]) -> _Outcome:
    try:
        return function(), None
    except BaseException as error:
        return None, error
