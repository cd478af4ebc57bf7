"""What the sessions of a process share."""

from __future__ import annotations

import asyncio
import ctypes
import threading
from typing import Any, Callable

from .loader import LoadedService
from .log import HostLog
from .protocol import Connection

#: Threads that hang in the pipeline's code; with more than these the process is not worth keeping.
_MAX_LEFT_BEHIND = 16
#: How long an interrupted thread may take to end.
_INTERRUPT_SECONDS = 0.5


class HostState:
    """The service, the ways to the server, the session ids in use and the threads that never came back."""

    def __init__(
        self,
        loaded: LoadedService,
        connection: Connection,
        log: HostLog,
        die: Callable[[str], None],
        call_later: Callable[[float, Callable[[], None]], None],
    ) -> None:
        """
        `die` ends the process with a message; the server starts a new one. `call_later` calls a function after so many seconds, on
        the main thread and from any.
        """
        self.loaded = loaded
        self.connection = connection
        self.log = log
        self.call_later = call_later
        self.die = die
        self._lock = threading.Lock()
        self._session_ids: set[str] = set()
        self._left_behind: list[threading.Thread] = []

    def claim_session(self, session_id: str) -> bool:
        """Takes a session id; False when another session has it."""
        with self._lock:
            if session_id in self._session_ids:
                return False
            self._session_ids.add(session_id)
            return True

    def release_session(self, session_id: str) -> None:
        with self._lock:
            self._session_ids.discard(session_id)

    def start_thread(self, name: str, function: Callable[..., Any], *arguments: Any) -> threading.Thread:
        """
        Starts a thread that does not keep the process alive. Without threads no session can be closed, so then the process ends.
        """
        thread = threading.Thread(target=function, args=arguments, name=name, daemon=True)
        try:
            thread.start()
        except RuntimeError as error:
            self.die(f"the process can start no more threads: {error}")
        return thread

    def leave_behind(self, thread: threading.Thread) -> None:
        """
        Interrupts a thread that the pipeline does not let go of: a loop without end would take a core for good. A call that
        blocks outside of Python cannot be interrupted; such threads are counted, and end with the process only.
        """
        _interrupt(thread)
        thread.join(_INTERRUPT_SECONDS)
        with self._lock:
            self._left_behind = [other for other in self._left_behind if other.is_alive()]
            if thread.is_alive():
                self._left_behind.append(thread)
            count = len(self._left_behind)
        if not thread.is_alive():
            self.log.say("warn", "the pipeline had to be interrupted: its code went on after its session was closed")
            return
        self.log.say("warn", f"the pipeline blocks a thread of a closed session; {count} such threads are left behind")
        if count > _MAX_LEFT_BEHIND:
            self.die(f"the pipeline blocks {count} threads of closed sessions; let its calls end when a session is closed")


def _interrupt(thread: threading.Thread) -> None:
    """Raises in another thread, at its next step of Python, what asyncio raises to cancel: few programs catch it by mistake."""
    if thread.ident is not None and thread.is_alive():
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(asyncio.CancelledError))
