"""Control messages with an id, and which chunk is the first to reflect them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from numbers import Integral
from typing import Any, NamedTuple

_MAX_ID_LENGTH = 128
#: Beyond it the server, which is JavaScript, has no exact whole numbers.
_MAX_SAFE_INTEGER = 2**53 - 1
#: Controls of one session that may wait to be named; of more, the oldest are forgotten. Also what one chunk may name.
MAX_WAITING_CONTROLS = 256


class NamedControls(NamedTuple):
    """What a pipeline says in a chunk about the controls that it reflects."""

    ids: list[str]
    #: Whether the list holds more than ids, so that it is a word to the client as well, and stays in the metadata.
    is_metadata: bool


def control_key(value: Any) -> str | None:
    """
    The id of a control message as the text by which server and host know it: 7 and "7" are the same id. None for what is no id,
    which is a string of 1 to 128 characters or a whole number that JavaScript holds exactly.
    """
    if isinstance(value, str):
        # The server counts UTF-16 units.
        return value if 1 <= len(value.encode("utf-16-le", "surrogatepass")) // 2 <= _MAX_ID_LENGTH else None
    if isinstance(value, Integral) and not isinstance(value, bool) and abs(value) <= _MAX_SAFE_INTEGER:
        return str(int(value))
    return None


def read_applied_controls(value: Any) -> NamedControls | None:
    """
    Reads `applied_controls`: a list of ids, or of dicts with an `id`, such as the control messages themselves. None when the
    pipeline does not name controls with it; an empty list names none, and says that the pipeline names them itself.
    """
    if not isinstance(value, (list, tuple)):
        return None
    ids: dict[str, None] = {}
    is_metadata = False
    for item in value:
        is_control = isinstance(item, Mapping)
        key = control_key(item.get("id") if is_control else item)
        if key is None or is_control:
            is_metadata = True
        if key is not None and len(ids) < MAX_WAITING_CONTROLS:
            ids[key] = None
    return None if is_metadata and not ids else NamedControls(list(ids), is_metadata)


def host_clock_ms() -> float:
    """The clock that server and hosts share, in milliseconds with their microseconds."""
    return time.monotonic_ns() // 1000 / 1000


class PushedControls:
    """
    The controls of one session that `push_chunk` has taken and no chunk has named. By itself it lets the first chunk name them
    whose making began afterwards, which is never too early; a pipeline that names them itself is believed, and from its first word
    on it alone names them. To be used on the session's loop only.
    """

    def __init__(self) -> None:
        #: Pushed before the generator was advanced the last time: what it yields now may reflect them.
        self._ripe: dict[str, float] = {}
        self._fresh: dict[str, float] = {}
        self._named_by_pipeline = False

    def pushed(self, key: str, at_ms: float) -> None:
        """`push_chunk` returned for this control."""
        if key in self._ripe or key in self._fresh:
            return
        if len(self._ripe) + len(self._fresh) >= MAX_WAITING_CONTROLS:
            oldest = self._ripe or self._fresh
            del oldest[next(iter(oldest))]
        self._fresh[key] = at_ms

    def advancing(self) -> None:
        """The generator is advanced now."""
        self._ripe.update(self._fresh)
        self._fresh.clear()

    def take(self, named: list[str] | None) -> list[dict[str, Any]]:
        """The controls that the chunk just yielded names; `named` is what the pipeline says itself, None for nothing."""
        if named is None:
            if self._named_by_pipeline:
                return []
            applied = [{"id": key, "pushedAtMs": at_ms} for key, at_ms in self._ripe.items()]
            self._ripe.clear()
            return applied
        self._named_by_pipeline = True
        return [self._take_named(key) for key in named]

    def _take_named(self, key: str) -> dict[str, Any]:
        at_ms = self._ripe.pop(key, None)
        if at_ms is None:
            at_ms = self._fresh.pop(key, None)
        return {"id": key} if at_ms is None else {"id": key, "pushedAtMs": at_ms}
