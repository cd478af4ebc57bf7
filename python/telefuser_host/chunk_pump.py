"""Draws chunks from a pipeline's iterator, one for each credit, and sends them."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import AsyncIterable, Iterable, Mapping
from typing import Any, Callable

from .chunk_message import encode_chunk
from .chunks import parse_chunk
from .controls import PushedControls, host_clock_ms
from .errors import one_line
from .generator_thread import GeneratorThread
from .host_state import HostState
from .media import ChunkFormatError
from .protocol import MessageTooLargeError
from .session_loop import SessionLoop

_END = object()


class ChunkPump:
    """
    Owns the iterator of one run: advances it on the session's loop, or where it is a plain one and `plain_beside` on a thread of its
    own, and ends it exactly once.

    Backpressure has two parts: without credit the iterator is not advanced, and it is not advanced either before the pipe has
    taken the chunk before, so a pipeline may reuse its buffers.
    """

    def __init__(
        self,
        run: int,
        open_source: Callable[[], Any],
        loop: SessionLoop,
        state: HostState,
        controls: PushedControls,
        *,
        plain_beside: bool,
    ) -> None:
        self._run = run
        self._open_source = open_source
        self._loop = loop
        self._connection = state.connection
        self._log = state.log
        self._die = state.die
        self._controls = controls
        self._plain_beside = plain_beside
        self._credit = 0
        self._task: asyncio.Task[None] | None = None
        self._credit_arrived: asyncio.Event | None = None
        self._iterator: _ChunkIterator | None = None
        self._cancelled = False
        self._closing = False
        self._thread: GeneratorThread | None = None
        #: Set when the iterator is over, with its clean-up.
        self.ended = threading.Event()
        #: Set when the iterator was told to end, which code that blocks cannot be.
        self.told = threading.Event()

    def add_credit(self, credit: int) -> None:
        """Allows so many more chunks; the first credit makes the pipeline's method run. From any thread."""
        self._loop.call(self._add_credit, credit)

    def cancel(self) -> None:
        """
        Ends the iterator: at its `yield`, or where it awaits; code that blocks is waited for. Nothing is sent afterwards. From
        any thread; `told` and `ended` tell how far it is.
        """
        self._cancelled = True
        self._loop.call(self._cancel)

    @property
    def thread(self) -> threading.Thread | None:
        """The thread of its own that a plain iterator has; it ends after the pump."""
        return None if self._thread is None else self._thread.thread

    def holds_loop(self) -> bool:
        """Whether the session's loop is at the iterator now, and not merely waiting with it. From any thread."""
        return self._task is not None and self._loop.is_at(self._task)

    def _add_credit(self, credit: int) -> None:
        self._credit += credit
        if self._credit_arrived is not None:
            self._credit_arrived.set()
        elif not self._cancelled:
            self._credit_arrived = asyncio.Event()
            self._task = self._loop.spawn(self._pump())
            # Not at the end of the task's code: a task that is cancelled before its first step never runs any.
            self._task.add_done_callback(lambda _task: self._finish())

    def _cancel(self) -> None:
        if self._task is None:
            self.ended.set()
        elif not self._closing:
            self._task.cancel()
        # One on a thread of its own hears of it only when that thread is free.
        if self._thread is None:
            self.told.set()

    def _finish(self) -> None:
        if self._thread is not None:
            self._thread.end()
        self.ended.set()

    async def _pump(self) -> None:
        try:
            await self._pump_chunks()
        except BaseException as error:
            if not self._cancelled:
                self._tell_failure(error)
            else:
                self._clean_up_failed(error)
        finally:
            await self._close_iterator()

    async def _pump_chunks(self) -> None:
        source = self._open_source()
        if inspect.isawaitable(source):
            source = await source
        iterator = self._iterator = self._make_iterator(source)
        while True:
            await self._take_credit()
            self._controls.advancing()
            value, yielded_at_ms = await iterator.advance()
            if self._cancelled:
                return
            if value is _END:
                self._iterator = None
                self._connection.send({"type": "end", "run": self._run})
                return
            self._send_chunk(value, yielded_at_ms)
            del value
            # A generator that never awaits would keep the session's messages from it.
            await asyncio.sleep(0)

    def _tell_failure(self, error: BaseException) -> None:
        try:
            self._log.exception("the pipeline failed", error)
            self._connection.send({"type": "failed", "run": self._run, "message": one_line(error)})
        except BaseException:
            # Where memory is used up, not even that can be said, and the session would stand still for ever without a word.
            self._die("the failure of a session cannot be told")

    def _make_iterator(self, source: Any) -> _ChunkIterator:
        iterator = _ChunkIterator(source)
        if self._plain_beside and not iterator.is_async:
            self._thread = iterator.thread = GeneratorThread(f"pull-{self._run}", self._loop, self._clean_up_failed)
        return iterator

    async def _take_credit(self) -> None:
        assert self._credit_arrived is not None
        while self._credit == 0:
            self._credit_arrived.clear()
            await self._credit_arrived.wait()
        self._credit -= 1

    def _send_chunk(self, value: Any, yielded_at_ms: float) -> None:
        try:
            chunk = parse_chunk(value)
            header, parts = encode_chunk(self._run, chunk, yielded_at_ms, self._controls.take(chunk.applied))
            self._connection.send(header, parts)
        except Exception as error:
            if not isinstance(error, (ChunkFormatError, MessageTooLargeError)):
                self._log.exception("a chunk cannot be read", error)
            self._connection.send({"type": "chunk-error", "run": self._run, "message": one_line(error)})

    async def _close_iterator(self) -> None:
        iterator, self._iterator = self._iterator, None
        if iterator is None or not self._cancelled:
            return
        self._closing = True
        try:
            await iterator.close(self.told.set)
        except BaseException as error:
            self._clean_up_failed(error)

    def _clean_up_failed(self, error: BaseException) -> None:
        if not isinstance(error, (asyncio.CancelledError, GeneratorExit)):
            self._log.exception("the generator's clean-up raised", error, self._run)


class _ChunkIterator:
    """One iterator, sync or async."""

    def __init__(self, source: Any) -> None:
        #: Where a plain iterator is advanced and closed; the session's thread unless there is one.
        self.thread: GeneratorThread | None = None
        # A mapping or a text can be iterated as well, but its items are no chunks.
        text_or_mapping = isinstance(source, (str, bytes, bytearray, Mapping))
        self.is_async = isinstance(source, AsyncIterable) and not text_or_mapping
        if self.is_async:
            self._iterator: Any = source.__aiter__()
        elif isinstance(source, Iterable) and not text_or_mapping:
            self._iterator = iter(source)
        else:
            raise TypeError(
                f"the pipeline returned {_a(type(source).__name__)}, not something to iterate over; write a generator (yield)"
            )

    async def advance(self) -> tuple[Any, float]:
        """The next value, or `_END`, and when it was yielded."""
        if not self.is_async:
            stepped: tuple[Any, float] = await self._call(lambda: (next(self._iterator, _END), host_clock_ms()))
            return stepped
        try:
            value = await self._iterator.__anext__()
        except StopAsyncIteration:
            value = _END
        return value, host_clock_ms()

    async def close(self, on_begin: Callable[[], None]) -> None:
        """Ends it; `on_begin` is called when that begins, which is after a step that blocks a thread of its own."""
        close = getattr(self._iterator, "aclose" if self.is_async else "close", None)

        def begin() -> Any:
            on_begin()
            return close() if callable(close) else None

        result = begin() if self.is_async else await self._call(begin)
        if inspect.isawaitable(result):
            await result

    async def _call(self, function: Callable[[], Any]) -> Any:
        return function() if self.thread is None else await self.thread.call(function)


def _a(name: str) -> str:
    return "nothing" if name == "NoneType" else f"a {name}"
