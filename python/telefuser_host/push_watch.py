"""Notices that a pipeline keeps messages waiting, which else looks as if nothing came."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import Callable

#: How long a message may wait for the session's thread before it is worth a word.
_PATIENCE_SECONDS = 2.0


class PushWatch:
    """Looks at the messages of one session that have come and were not yet handed to `push_chunk`."""

    def __init__(
        self,
        call_later: Callable[[float, Callable[[], None]], None],
        is_blocked: Callable[[], bool],
        warn: Callable[[str], None],
    ) -> None:
        """`warn` is called once at most, when a message has waited for too long and `is_blocked` blames the generator."""
        self._call_later = call_later
        self._is_blocked = is_blocked
        self._warn = warn
        self._arrivals: deque[float] = deque()
        self._watching = False
        self._ended = False
        self._lock = threading.Lock()

    def arrived(self) -> None:
        """A message came in. From any thread."""
        with self._lock:
            if self._ended:
                return
            self._arrivals.append(time.monotonic())
            if self._watching:
                return
            self._watching = True
        self._call_later(_PATIENCE_SECONDS, self._look)

    def begun(self) -> None:
        """The oldest message got the session's thread."""
        with self._lock:
            if self._arrivals:
                self._arrivals.popleft()

    def end(self) -> None:
        """Says nothing from now on. From any thread."""
        with self._lock:
            self._ended = True
            self._arrivals.clear()

    def _look(self) -> None:
        with self._lock:
            oldest = self._arrivals[0] if self._arrivals else None
            if oldest is None:
                self._watching = False
                return
        left = oldest + _PATIENCE_SECONDS - time.monotonic()
        if left <= 0 and self._is_blocked():
            # It goes on as one that watches, so nothing is said again.
            self._warn(
                f"push_chunk waits for pull_chunks, which has blocked for {_PATIENCE_SECONDS:g} s: both run on the session's thread. "
                "Await an asyncio.Queue, write pull_chunks as a plain generator, or block in a thread of your own (asyncio.to_thread)."
            )
            return
        self._call_later(left if left > 0 else _PATIENCE_SECONDS, self._look)
