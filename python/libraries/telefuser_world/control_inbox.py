"""What a client asked for and no chunk has reflected yet: between `push_chunk` and the thread that makes chunks."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import Any, Mapping, Union

from .control_messages import Command, ExplicitPoses, KeyPress, KeyRelease, KeySnapshot, NewPrompt, Reset, read_control
from .errors import ControlError
from .keys import controls_of, in_order
from .statuses import refusal, status

_MAX_STATUSES = 64
#: Ids of messages that wait for a chunk; of more the oldest are forgotten, as the server does.
_MAX_IDS = 256


@dataclass(frozen=True)
class DirectionOrder:
    """A chunk made with these controls, sorted."""

    controls: tuple[str, ...]
    #: Which press it answers; None while keys are merely held on.
    revision: int | None

    @property
    def source(self) -> str:
        return "held" if self.revision is None else "tap"


@dataclass(frozen=True)
class PosesOrder:
    """A chunk along a given way."""

    command: ExplicitPoses


Order = Union[DirectionOrder, PosesOrder]


class ControlInbox:
    """
    Thread-safe. A key counts while it is held; one that was pressed and released between two chunks counts for one chunk. Only the newest
    such press is remembered, so that no backlog of taps moves the camera after the viewer has stopped.
    """

    def __init__(self, chunk_size: int, control_type: str) -> None:
        self._chunk_size = chunk_size
        self._control_type = control_type
        self._changed = threading.Condition()
        self._held: dict[str, None] = {}
        self._tapped: frozenset[str] | None = None
        self._revision = 0
        self._poses: ExplicitPoses | None = None
        self._prompt: str | None = None
        self._pose_reset = False
        self._statuses: deque[dict[str, Any]] = deque(maxlen=_MAX_STATUSES)
        self._ids: deque[Any] = deque(maxlen=_MAX_IDS)
        self._closed = False
        self._arrivals = 0

    def push(self, message: Any) -> None:
        """Takes a client's message. What is wrong with one is told by a status; nothing is raised."""
        if not isinstance(message, Mapping):
            message = {"type": "binary" if isinstance(message, (bytes, bytearray)) else message}
        if message.get("type") == "media":
            return
        try:
            command: Command | ControlError = read_control(message, self._chunk_size, self._control_type)
        except ControlError as error:
            command = error
        with self._changed:
            if isinstance(command, ControlError):
                self._statuses.append(refusal(command, message.get("id")))
            else:
                self._obey(command)
                if isinstance(message.get("id"), (str, int)):
                    self._ids.append(message["id"])
            self._arrivals += 1
            self._changed.notify_all()

    def _obey(self, command: Command) -> None:
        if isinstance(command, ExplicitPoses):
            self._poses = command
            self._statuses.append(status("poses_accepted", latent_frames=len(command.poses)))
            return
        if isinstance(command, NewPrompt):
            self._prompt = command.prompt
            self._statuses.append(status("prompt_accepted", prompt=command.prompt))
            return
        before = self._controls()
        if isinstance(command, KeyPress):
            self._held[command.key] = None
        elif isinstance(command, KeyRelease):
            self._held.pop(command.key, None)
        elif isinstance(command, KeySnapshot):
            self._held = dict.fromkeys(sorted(command.keys))
        elif isinstance(command, Reset):
            self._held.clear()
            self._tapped = self._poses = None
            self._pose_reset = self._pose_reset or command.pose
        now = self._controls()
        if now - before:
            self._revision += 1
            self._tapped = now
        self._statuses.append(self._control_state(now))

    def _controls(self) -> frozenset[str]:
        return frozenset().union(*(controls_of(key) for key in self._held))

    def _control_state(self, controls: frozenset[str]) -> dict[str, Any]:
        return status(
            "control_state",
            controls=list(in_order(controls)),
            keys=list(self._held),
            revision=self._revision,
            pending_direction_commands=int(self._tapped is not None),
        )

    # For the thread that makes chunks.

    def take_order(self) -> tuple[Order | None, list[Any]]:
        """
        What the next chunk is to be made of, and the ids of the messages that it is the first to reflect: of all that came before this moment, and
        of none that comes while it is made. None when no key is held and nothing waits, and as long as a prompt or a reset has not been taken.
        """
        with self._changed:
            if self._prompt is not None or self._pose_reset:
                return None, []
            order = self._next_order()
            if order is None:
                return None, []
            ids = list(self._ids)
            self._ids.clear()
            return order, ids

    def _next_order(self) -> Order | None:
        poses, self._poses = self._poses, None
        if poses is not None:
            return PosesOrder(poses)
        tapped, self._tapped = self._tapped, None
        if tapped:
            return DirectionOrder(in_order(tapped), self._revision)
        held = self._controls()
        return DirectionOrder(in_order(held), None) if held else None

    def take_statuses(self) -> list[dict[str, Any]]:
        with self._changed:
            waiting = list(self._statuses)
            self._statuses.clear()
            return waiting

    def take_prompt(self) -> str | None:
        with self._changed:
            prompt, self._prompt = self._prompt, None
            return prompt

    def take_pose_reset(self) -> bool:
        with self._changed:
            asked, self._pose_reset = self._pose_reset, False
            return asked

    def tell(self, message: dict[str, Any]) -> None:
        """Has a status told to the client with those of its own messages."""
        with self._changed:
            self._statuses.append(message)
            self._arrivals += 1
            self._changed.notify_all()

    def poke(self) -> None:
        """Wakes whoever waits."""
        with self._changed:
            self._arrivals += 1
            self._changed.notify_all()

    @property
    def closed(self) -> bool:
        return self._closed

    @property
    def arrivals(self) -> int:
        """Counts what may be worth looking at; see `wait`."""
        return self._arrivals

    def wait(self, seen: int, seconds: float) -> None:
        """Waits until there have been more arrivals than `seen`, the inbox is closed, or so many seconds are over."""
        ends_at = time.monotonic() + seconds
        with self._changed:
            while not self._closed and self._arrivals == seen:
                left = ends_at - time.monotonic()
                if left <= 0:
                    return
                self._changed.wait(left)

    def close(self) -> None:
        """Nobody waits any more, and nothing is taken. Idempotent."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
