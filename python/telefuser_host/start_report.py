"""What a pipeline says of its start, on its way to the server."""

from __future__ import annotations

import math
import threading
import time
from numbers import Real
from typing import Any, Callable

#: A pipeline may report each of a million steps; the server hears of ten a second.
_INTERVAL_SECONDS = 0.1
_MAX_CHARACTERS = 200


class StartReport:
    """Thins what a pipeline says, the last word always among it."""

    def __init__(self, send: Callable[[dict[str, Any]], None]) -> None:
        self._send_message = send
        # What ends an object that is collected meanwhile may have something to say as well.
        self._lock = threading.RLock()
        self._ended = False
        self._sent_at = float("-inf")
        self._waiting: dict[str, Any] | None = None
        self._timer: threading.Timer | None = None

    def say(self, fraction: Any = None, message: Any = None) -> None:
        """
        How far the start has got, 0–1 or None, and perhaps what is being done, a sentence. May be called on any thread, as often as
        one likes. Never raises, whatever it is given: a start shall not fail because of a word about it.
        """
        progress = _read_progress(fraction, message)
        if progress is None:
            return
        with self._lock:
            if self._ended:
                return
            wait = self._sent_at + _INTERVAL_SECONDS - time.monotonic()
            if wait <= 0:
                self._send(progress)
                return
            self._waiting = progress
            if self._timer is None:
                self._timer = threading.Timer(wait, self._send_waiting)
                self._timer.daemon = True
                self._timer.start()

    def end(self) -> None:
        """The service has started; nothing is said of that any more."""
        with self._lock:
            self._ended = True
            if self._timer is not None:
                self._timer.cancel()

    def _send_waiting(self) -> None:
        with self._lock:
            if not self._ended and self._waiting is not None:
                self._send(self._waiting)

    def _send(self, progress: dict[str, Any]) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._waiting = None
        self._sent_at = time.monotonic()
        self._send_message({"type": "progress", **progress})


def _read_progress(fraction: Any, message: Any) -> dict[str, Any] | None:
    progress: dict[str, Any] = {}
    # Also a number of numpy.
    if isinstance(fraction, Real) and not isinstance(fraction, bool) and math.isfinite(float(fraction)):
        progress["fraction"] = min(1.0, max(0.0, float(fraction)))
    if isinstance(message, str) and message.strip():
        progress["text"] = str.__str__(message)[:_MAX_CHARACTERS]
    return progress or None
