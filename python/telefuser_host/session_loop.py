"""The thread and the event loop of one session."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Callable, Coroutine

#: How long what a session has left running may take to end once it was cancelled.
_DRAIN_SECONDS = 1.0


class SessionLoop:
    """
    An event loop on a thread of its own, so that a pipeline that blocks blocks nobody else. The thread is a daemon: one that
    never comes back cannot be ended, only left behind.
    """

    def __init__(
        self,
        name: str,
        context: contextvars.Context,
        on_error: Callable[[str, BaseException | None], None],
    ) -> None:
        """`on_error` hears of what nobody else catches: a sentence and the exception, if there is one."""
        self._context = context
        self._on_error = on_error
        self._loop = asyncio.new_event_loop()
        self._executor = ThreadPoolExecutor(thread_name_prefix=name)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._stopping = False
        self.thread = threading.Thread(target=self._run, name=name, daemon=True)
        try:
            self.thread.start()
        except RuntimeError:
            self._loop.close()
            raise

    def call(self, function: Callable[..., Any], *arguments: Any) -> None:
        """Calls a function on the loop, from any thread. Dropped when the loop has ended."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(function, *arguments, context=self._context)

    def spawn(self, coroutine: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Starts a task; to be called on the loop."""
        task = self._loop.create_task(coroutine)
        # The loop itself keeps its tasks by weak references only.
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def is_at(self, task: asyncio.Task[Any]) -> bool:
        """Whether the loop is at a step of this task right now. From any thread."""
        return asyncio.current_task(self._loop) is task

    def stop(self) -> None:
        """Ends the loop and then the thread, as soon as the pipeline lets go of it."""
        self._stopping = True
        self.call(self._loop.stop)

    def _run(self) -> None:
        loop = self._loop
        asyncio.set_event_loop(loop)
        loop.set_default_executor(self._executor)
        loop.set_exception_handler(self._report)
        try:
            self._run_until_stopped()
            self._guarded(self._drain)
            self._guarded(loop.shutdown_asyncgens)
        finally:
            self._executor.shutdown(wait=False, cancel_futures=True)
            asyncio.set_event_loop(None)
            loop.close()

    def _run_until_stopped(self) -> None:
        # A pipeline that stops its loop, or raises SystemExit in a task, has not ended the session: only the server does.
        while not (self._stopping or self._loop.is_closed()):
            try:
                self._loop.run_forever()
            except BaseException as error:
                self._on_error("an error nobody caught", error)

    def _guarded(self, make: Callable[[], Coroutine[Any, Any, Any]]) -> None:
        try:
            self._loop.run_until_complete(asyncio.wait_for(make(), _DRAIN_SECONDS))
        except asyncio.TimeoutError:
            pass
        except BaseException as error:
            self._on_error("an error while the session's tasks ended", error)

    async def _drain(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        if others:
            await asyncio.wait(others, timeout=_DRAIN_SECONDS / 2)

    def _report(self, _loop: asyncio.AbstractEventLoop, details: dict[str, Any]) -> None:
        self._on_error(str(details.get("message", "an error nobody caught")), details.get("exception"))
