"""When the next picture is due."""

from __future__ import annotations

import time
from typing import Callable

#: Later than this, the schedule begins anew instead of catching up.
_MAX_LATENESS_SECONDS = 0.25


class Pace:
    """Pictures at so many a second, without drift; after a pause or where they come too late the schedule begins anew."""

    def __init__(self, fps: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._fps = fps
        self._clock = clock
        self._anchor = 0.0
        self._since_anchor = 0
        self._running = False

    def pause(self) -> None:
        """The next picture is due at once."""
        self._running = False

    def seconds_left(self) -> float:
        """Until the next picture is due; not above 0 when it is."""
        now = self._clock()
        if not self._running:
            self._anchor, self._since_anchor, self._running = now, 0, True
        left = self._anchor + self._since_anchor / self._fps - now
        if left < -_MAX_LATENESS_SECONDS:
            self._anchor, self._since_anchor = now, 0
        return left

    def shown(self) -> None:
        """A picture has gone out."""
        self._since_anchor += 1
