"""What makes the pictures: the port between a session's order of things and a model, or a renderer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable, Iterable, Mapping, Protocol

import numpy as np

from .control_tensor import ControlTensor
from .frames import FramePlan

#: A stage of the work and what there is to say of it, for the client.
Report = Callable[..., None]


class OutOfMemory(RuntimeError):
    """There was not enough memory for a session. It ends; the next one may work."""


@dataclass(frozen=True)
class WorldRequest:
    """What a session asks for. `width` and `height` are of the pictures to be made."""

    prompt: str
    #: RGB (height, width, 3) uint8, upright, in its own size.
    image: np.ndarray
    width: int
    height: int
    plan: FramePlan
    #: (4,), in pixels of width × height.
    intrinsics: np.ndarray
    seed: int
    #: The offer's `config` as it came, for what only this generator knows.
    config: Mapping[str, Any] = field(default_factory=dict)

    @property
    def frame_num(self) -> int:
        return self.plan.frame_num

    @property
    def chunk_size(self) -> int:
        return self.plan.chunk_size

    @property
    def fps(self) -> int:
        return self.plan.fps


class WorldRun(Protocol):
    """
    One session's pictures. All of it is called on one thread, but for `constrain`, which is called between chunks. It may have besides

    * `preview() -> picture`: what to show before the first chunk, in place of the image;
    * `reset_pose() -> picture or None`: the camera is back where the session began; what to show of that at once;
    * `constrain(here, there) -> there`: where the camera may be that was `here` (3,) and wants to go `there` (3,).
    """

    def generate(self, index: int, control: ControlTensor, applied_controls: tuple[str, ...]) -> Iterable[np.ndarray]:
        """
        The chunk's pictures, RGB (height, width, 3) uint8: `chunk_frames(index, chunk_size)` of them. A list goes out in one piece; what comes out
        of an iterator goes out picture by picture, at the session's pace. The pictures are the service's to draw into.
        """

    def set_prompt(self, prompt: str) -> np.ndarray | None:
        """Between chunks. May return what the last picture looks like now, to be shown at once."""

    def close(self) -> None:
        """Called once, whatever was raised before."""


class WorldGenerator(Protocol):
    """Makes runs, for one session at a time. `start`, `stop` are a service's."""

    #: `cam` or `act`.
    control_type: str
    fps: int
    #: How long its sessions may be; None without a limit.
    max_latent_frames: int | None
    #: Whether a run is begun before the preview; else with the first key, for it may cost a lot.
    begins_at_once: bool

    def start(self, report_progress: Callable[[float | None, str], None]) -> None:
        """Loads what is needed. Raises, in a sentence for the operator, when that cannot be."""

    def stop(self) -> None:
        """Frees it."""

    def working_size(self, image_width: int, image_height: int) -> tuple[int, int]:
        """Width and height of the pictures for an image of this size: multiples of 16."""

    def check(self, request: WorldRequest) -> None:
        """At the offer. Raises ValueError, in a sentence for the client, if this cannot be made."""

    def begin(self, request: WorldRequest, report: Report) -> WorldRun:
        """On the session's thread. May take long."""
