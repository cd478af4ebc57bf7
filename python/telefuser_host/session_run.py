"""One session's side of the service: opened once, closed once."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import threading
import time
from typing import Any, Awaitable, Callable, Mapping

from .chunk_pump import ChunkPump
from .controls import PushedControls, host_clock_ms
from .errors import one_line
from .host_state import HostState
from .log import current_run
from .media_input import to_media_message
from .protocol import Message
from .push_watch import PushWatch
from .session_loop import SessionLoop

#: `push_chunk` calls of one session that may be unfinished at a time; what comes on top is refused.
_MAX_PENDING_PUSHES = 256
#: The same for camera and microphone, where what comes on top is dropped: newer media follows.
_MAX_PENDING_MEDIA = 8
#: A pipeline that raises at every camera frame shall not fill the data channel with the same sentence.
_MEDIA_ERROR_INTERVAL_SECONDS = 1.0
_MAX_SESSION_ID_LENGTH = 256
#: How long a generator may block before the session's own clean-up begins beside it, which may be what it waits for.
_HEAD_START_SECONDS = 0.25
#: How long the session's threads may take to end when everything else of it has.
_THREAD_END_SECONDS = 2.0


class ConflictError(Exception):
    """The session cannot be beside another."""


class SessionRun:
    """
    Everything of one session happens on that session's own loop, one thing at a time: `create_session`, `push_chunk`, the
    generator. Two things are called on a thread beside it: the plain generator of a bidirectional service, which may wait for what
    `push_chunk` hands it, and a `close_session` that is no coroutine, which may be what a blocked generator waits for.
    """

    def __init__(self, run: int, state: HostState, on_over: Callable[[], None]) -> None:
        """Raises RuntimeError when the system gives no thread. `on_over` is called when nothing of the run is left."""
        self._run = run
        self._state = state
        self._on_over = on_over
        self._session_id: str | None = None
        self._pump: ChunkPump | None = None
        self._controls = PushedControls()
        self._opened = threading.Event()
        self._closing = False
        self._abandoned = False
        self._stuck: list[threading.Thread] = []
        self._lock = threading.Lock()
        #: Set when the server has had the last word about the run.
        self.over = threading.Event()
        self._pushes = _Pending(_MAX_PENDING_PUSHES)
        self._media = _Pending(_MAX_PENDING_MEDIA)
        self._watch = PushWatch(state.call_later, self._generator_blocks, self._warn)
        self._last_media_error_at = float("-inf")
        context = contextvars.copy_context()
        context.run(current_run.set, run)
        self._context = context
        self._loop = SessionLoop(f"session-{run}", context, self._report_uncaught)

    def open(self, session: str, request: Mapping[str, Any]) -> None:
        """Answers `opened` or `refused`."""
        if self._state.loaded.mode == "bidirectional":
            self._loop.call(lambda: self._loop.spawn(self._create_session(session, {**request, "session_id": session})))
            return
        self._pump = self._make_pump(lambda: self._state.loaded.service.serve(dict(request)))
        self._opened.set()
        self._send({"type": "opened", "session": session})

    def add_credit(self, credit: int) -> None:
        if self._pump is not None:
            self._pump.add_credit(credit)

    def push(self, message: Any, control: str | None = None) -> None:
        """Hands a client's message to `push_chunk`. `control` is its id, if it has one."""
        if not self._pushes.enter():
            self._report_push_error(f"push_chunk is behind: {_MAX_PENDING_PUSHES} messages are being worked on")
            return
        self._watch.arrived()
        self._loop.call(self._push, lambda: message, self._push_failed, self._pushes, control)

    def push_media(self, message: Message) -> None:
        """Hands camera pictures or microphone sound to `push_chunk`."""
        if self._media.enter():
            self._watch.arrived()
            self._loop.call(self._push, lambda: to_media_message(message), self._media_failed, self._media)

    def close(self, timeout: float) -> None:
        """Ends the run within so many seconds and answers `closed`, on a thread of its own. Idempotent."""
        with self._lock:
            if self._closing:
                return
            self._closing = True
        self._watch.end()
        self._state.start_thread(f"close-{self._run}", self._close, timeout)

    # On the session's loop.

    async def _create_session(self, session: str, config: dict[str, Any]) -> None:
        service = self._state.loaded.service
        try:
            result = service.create_session(config)
            if inspect.isawaitable(result):
                result = await result
            session_id = _check_session_id(result, session)
            if not self._state.claim_session(session_id):
                raise ConflictError(f"the pipeline gave out the session id {session_id} a second time")
        except BaseException as error:
            self._refuse(error)
            return
        with self._lock:
            abandoned = self._abandoned
            if not abandoned:
                self._session_id = session_id
                self._pump = self._make_pump(lambda: service.pull_chunks(session_id))
                self._opened.set()
        if abandoned:
            await self._close_late(session_id)
        else:
            self._send({"type": "opened", "session": session_id})

    async def _close_late(self, session_id: str) -> None:
        """Nobody waits for the session any more, but the pipeline has it."""
        try:
            result = self._state.loaded.service.close_session(session_id)
            if inspect.isawaitable(result):
                await result
        except BaseException as error:
            self._clean_up_failed(error)
        finally:
            self._state.release_session(session_id)

    def _refuse(self, error: BaseException) -> None:
        # As in the server we are compatible with: a RuntimeError says that the session cannot be now, anything else that it
        # cannot be.
        conflict = isinstance(error, (ConflictError, RuntimeError))
        self._log_refusal(error)
        with self._lock:
            closing, self._closing = self._closing, True
        if not closing:
            # Before the word is out: a close that crosses it, or answers it, must find no run, or nobody would answer that.
            self._on_over()
        self._send({"type": "refused", "kind": "conflict" if conflict else "refused", "message": one_line(error)})
        self._opened.set()
        # The server closes nothing that was refused.
        if not closing:
            self._watch.end()
            self._loop.stop()
            self.over.set()

    def _log_refusal(self, error: BaseException) -> None:
        # A ValueError is the client's mistake, and the author's word about it.
        if isinstance(error, (ConflictError, ValueError)):
            return
        if isinstance(error, RuntimeError) and not isinstance(error, (NotImplementedError, RecursionError)):
            # One for each viewer that finds the pipeline busy. Libraries raise it for their own reasons too: hence the traceback.
            self._warn(f"create_session refused: {one_line(error)}")
            self._state.log.exception("create_session raised", error, self._run, "debug")
        else:
            self._state.log.exception("create_session raised", error, self._run)

    def _push(
        self, read: Callable[[], Any], failed: Callable[[BaseException], None], pending: _Pending, control: str | None = None
    ) -> None:
        self._watch.begun()
        if self._closing or self._session_id is None:
            pending.leave()
            return
        try:
            result = self._state.loaded.service.push_chunk(self._session_id, read())
        except BaseException as error:
            failed(error)
            pending.leave()
            return
        if inspect.isawaitable(result):
            self._loop.spawn(self._finish_push(result, failed, pending, control))
        else:
            self._pushed(control)
            pending.leave()

    async def _finish_push(
        self, result: Any, failed: Callable[[BaseException], None], pending: _Pending, control: str | None
    ) -> None:
        try:
            await result
            self._pushed(control)
        except BaseException as error:
            failed(error)
        finally:
            pending.leave()

    def _pushed(self, control: str | None) -> None:
        if control is not None:
            self._controls.pushed(control, host_clock_ms())

    def _push_failed(self, error: BaseException) -> None:
        if not self._closing:
            self._state.log.exception("push_chunk raised", error, self._run)
            self._report_push_error(one_line(error))

    def _media_failed(self, error: BaseException) -> None:
        now = time.monotonic()
        if now - self._last_media_error_at >= _MEDIA_ERROR_INTERVAL_SECONDS:
            self._last_media_error_at = now
            self._push_failed(error)

    def _report_push_error(self, message: str) -> None:
        if not self._closing:
            self._send({"type": "push-error", "message": message})

    # On threads of their own.

    def _close(self, timeout: float) -> None:
        ends_at = time.monotonic() + timeout
        problems = self._end_session(timeout, ends_at)
        for problem in problems:
            self._warn(problem)
        self._loop.stop()
        self._send({"type": "closed"})
        self._on_over()
        self.over.set()
        self._join_threads()
        for thread in self._stuck:
            self._state.leave_behind(thread)

    def _join_threads(self) -> None:
        ends_at = time.monotonic() + _THREAD_END_SECONDS
        generator_thread = None if self._pump is None else self._pump.thread
        for thread in (self._loop.thread, generator_thread):
            if thread is None:
                continue
            thread.join(max(0.0, ends_at - time.monotonic()))
            if thread.is_alive():
                self._stuck.append(thread)

    def _end_session(self, timeout: float, ends_at: float) -> list[str]:
        """Ends generator and session in order. Says what did not finish in time."""
        self._opened.wait(timeout)
        with self._lock:
            pump, session_id = self._pump, self._session_id
            self._abandoned = not self._opened.is_set()
        if self._abandoned:
            return ["create_session did not return in time"]
        problems = []
        if pump is not None:
            pump.cancel()
            pump.ended.wait(min(_HEAD_START_SECONDS, timeout / 2))
            if pump.told.is_set():
                # It does not block, but cleans up; pipelines count on not being closed by another at the same time.
                pump.ended.wait(max(0.0, ends_at - timeout / 2 - time.monotonic()))
        if session_id is not None:
            if not self._close_session(session_id, ends_at):
                problems.append("close_session did not finish in time")
            self._state.release_session(session_id)
        if pump is not None and not pump.ended.wait(max(0.0, ends_at - time.monotonic())):
            problems.append("the generator did not end in time")
        return problems

    def _close_session(self, session_id: str, ends_at: float) -> bool:
        """Whether `close_session` was done in time."""
        done = threading.Event()
        thread = self._state.start_thread(
            f"clean-{self._run}", self._context.copy().run, self._call_close_session, session_id, done
        )
        finished = done.wait(max(0.0, ends_at - time.monotonic()))
        if not finished:
            self._stuck.append(thread)
        return finished

    def _call_close_session(self, session_id: str, done: threading.Event) -> None:
        try:
            result = self._state.loaded.service.close_session(session_id)
        except BaseException as error:
            self._clean_up_failed(error)
        else:
            if inspect.isawaitable(result):
                self._finish_close_session(result, done)
                return
        # What it has released from this thread is not seen by a loop that sleeps.
        self._loop.call(lambda: None)
        done.set()

    def _finish_close_session(self, result: Awaitable[None], done: threading.Event) -> None:
        """
        A coroutine belongs on the session's loop. When the pipeline blocks that, it may be what ends the blocking: then it runs
        here.
        """
        taken = threading.Lock()
        begun = threading.Event()

        async def finish() -> None:
            try:
                await result
            except BaseException as error:
                self._clean_up_failed(error)
            finally:
                done.set()

        def begin() -> None:
            if taken.acquire(blocking=False):
                begun.set()
                self._loop.spawn(finish())

        self._loop.call(begin)
        if not begun.wait(_HEAD_START_SECONDS) and taken.acquire(blocking=False):
            asyncio.run(finish())

    def _clean_up_failed(self, error: BaseException) -> None:
        self._state.log.exception("close_session raised", error, self._run)

    # Anywhere.

    def _make_pump(self, open_source: Callable[[], Any]) -> ChunkPump:
        state = self._state
        plain_beside = state.loaded.mode == "bidirectional"
        return ChunkPump(self._run, open_source, self._loop, state, self._controls, plain_beside=plain_beside)

    def _generator_blocks(self) -> bool:
        return self._pump is not None and self._pump.holds_loop()

    def _warn(self, text: str) -> None:
        self._state.log.say("warn", text, self._run)

    def _report_uncaught(self, what: str, error: BaseException | None) -> None:
        if error is None:
            self._state.log.say("error", what, self._run)
        elif not isinstance(error, asyncio.CancelledError):
            self._state.log.exception(what, error, self._run)

    def _send(self, header: dict[str, Any]) -> None:
        self._state.connection.send({**header, "run": self._run})


class _Pending:
    """Counts calls that are not finished yet, up to a limit."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._count = 0
        self._lock = threading.Lock()

    def enter(self) -> bool:
        """Counts one more, or says that there are too many."""
        with self._lock:
            if self._count >= self._limit:
                return False
            self._count += 1
            return True

    def leave(self) -> None:
        with self._lock:
            self._count -= 1


def _check_session_id(returned: Any, given: str) -> str:
    if returned is None:
        return given
    if not isinstance(returned, str):
        raise TypeError(f"create_session returned {type(returned).__name__}, not a session id")
    if not 1 <= len(returned) <= _MAX_SESSION_ID_LENGTH:
        raise ValueError(
            f"create_session returned a session id of {len(returned)} characters; 1 to {_MAX_SESSION_ID_LENGTH} are allowed"
        )
    return returned
