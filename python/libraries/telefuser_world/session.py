"""One viewer's walk, from preview to `done`: which chunk is made when, of what, and what the client hears of it."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, replace
from typing import Any, Callable, Generator, Iterator, Optional, Sequence

import numpy as np

from .camera_path import CameraPath
from .control_inbox import ControlInbox, DirectionOrder, Order
from .control_tensor import ControlGeometry
from .frames import chunk_frames
from .generator import WorldGenerator, WorldRequest, WorldRun
from .hud import Hud
from .pacing import Pace
from .resize import resize
from .session_config import SessionConfig
from .statuses import status, step_sizes, stream_progress
from .worker import LONGEST_WAIT_SECONDS, SessionClosed, Worker

Messages = Iterator["dict[str, Any]"]
#: Yields messages; its value is a picture, or none.
_Picture = Generator["dict[str, Any]", None, Optional[np.ndarray]]


@dataclass(frozen=True)
class _Chunk:
    """What is known of a chunk before it is made."""

    index: int
    controls: tuple[str, ...]
    #: Of the client's messages that it is the first to reflect.
    ids: list[Any]


class WorldSession:
    """
    Made at the offer; what `messages` returns is what `pull_chunks` returns. The generator's work is done on a thread of the session's own, so that
    the client hears of its keys while a model computes.
    """

    def __init__(
        self,
        generator: WorldGenerator,
        request: WorldRequest,
        config: SessionConfig,
        geometry: ControlGeometry,
        limit_seconds: float,
        on_over: Callable[[], None],
    ) -> None:
        """`on_over` is called once, when the generator is free for the next session."""
        self.inbox = ControlInbox(geometry.chunk_size, geometry.control_type)
        self._generator = generator
        self._request = request
        self._config = config
        self._size = (geometry.width, geometry.height)
        self._limit_seconds = limit_seconds
        self._on_over = on_over
        #: Set when the generator is free again.
        self.over = threading.Event()
        self._hud = Hud(*self._size) if config.show_control_hud else None
        self._path = CameraPath(geometry, config.steps, config.intrinsics_size)
        self._worker = Worker(self.inbox)
        self._run: WorldRun | None = None
        self._ending = threading.Lock()
        self._pace = Pace(config.plan.fps)
        self._frames = 0
        self._chunks = 0

    def close(self) -> None:
        """From any thread; idempotent. What computes is not interrupted: `on_over` tells when it is through."""
        self.inbox.close()
        # Taken by the first who comes, and never given back.
        if self._ending.acquire(blocking=False):
            self._worker.end(self._end)

    def messages(self) -> Messages:
        """What the client sees and hears. Raises what the generator raised."""
        try:
            yield from self._stream()
        except SessionClosed:
            return
        except Exception as error:
            text = str(error) or type(error).__name__
            yield {"type": "error", "stage": "worker_failed", "error": text, "timestamp": time.time()}
            raise
        finally:
            self.close()

    def _stream(self) -> Messages:
        if self._generator.begins_at_once:
            yield from self._begin()
        preview = yield from self._worker.call(self._first_picture)
        yield self._preview(preview)
        while self._chunks < self._config.plan.chunk_count:
            seen = self.inbox.arrivals
            changed = yield from self._take_changes()
            order, ids = self.inbox.take_order()
            yield from self.inbox.take_statuses()
            if order is not None:
                yield from self._make_chunk(order, ids)
                continue
            if changed is not None:
                yield self._preview(changed)
            self._pace.pause()
            self._worker.check_open()
            self.inbox.wait(seen, LONGEST_WAIT_SECONDS)
        yield status("runtime_summary", stream_progress=self._progress())

    def _take_changes(self) -> _Picture:
        """Applies what is no chunk's; the value is a picture that shows it, if there is one."""
        picture: np.ndarray | None = None
        if self.inbox.take_pose_reset():
            self._path.reset()
            reset = getattr(self._run, "reset_pose", None)
            picture = None if reset is None else (yield from self._worker.call(reset))
            yield status("pose_reset")
        prompt = self.inbox.take_prompt()
        if prompt is not None:
            self._request = replace(self._request, prompt=prompt)
            run = self._run
            if run is not None:
                newer = yield from self._worker.call(lambda: run.set_prompt(prompt))
                picture = picture if newer is None else newer
        return picture

    # Chunks.

    def _make_chunk(self, order: Order, ids: list[Any]) -> Messages:
        if self._run is None:
            yield from self._begin()
        assert self._run is not None
        run, began_at = self._run, time.monotonic()
        controls = order.controls if isinstance(order, DirectionOrder) else ()
        chunk = _Chunk(self._chunks, controls, ids)
        control = self._path.follow(order, getattr(run, "constrain", None))
        about = {"index": chunk.index, "controls": list(controls)}
        if isinstance(order, DirectionOrder):
            sizes = step_sizes(self._config.steps)
            yield status("applying_direction_control", **about, revision=order.revision, source=order.source, **sizes)
        yield status("generating_chunk", **about)
        pictures = yield from self._worker.call(lambda: run.generate(chunk.index, control, controls))
        frames_before = self._frames
        if isinstance(pictures, (list, tuple)):
            yield self._chunk_message(chunk, pictures)
            self._frames += len(pictures)
        else:
            yield from self._play(chunk, iter(pictures))
        self._chunks += 1
        yield status(
            "chunk_sent",
            **about,
            frames=self._frames - frames_before,
            chunk_elapsed_seconds=round(time.monotonic() - began_at, 6),
            stream_progress=self._progress(),
        )

    def _play(self, chunk: _Chunk, pictures: Iterator[np.ndarray]) -> Messages:
        """Each picture at its time, while the next one is made."""

        def make_next() -> np.ndarray | None:
            return next(pictures, None)

        is_first = True
        coming = self._worker.submit(make_next)
        while True:
            picture = yield from self._worker.result_of(coming)
            if picture is None:
                return
            coming = self._worker.submit(make_next)
            yield from self._wait_until_due()
            # What is said of a chunk is said once, with its first picture.
            yield self._chunk_message(chunk, [picture]) if is_first else {"frames": [self._drawn(picture, chunk.controls)]}
            self._pace.shown()
            self._frames += 1
            is_first = False

    def _wait_until_due(self) -> Messages:
        while True:
            seen = self.inbox.arrivals
            left = self._pace.seconds_left()
            if left <= 0:
                return
            yield from self.inbox.take_statuses()
            self._worker.check_open()
            self.inbox.wait(seen, min(left, LONGEST_WAIT_SECONDS))

    # What is said.

    def _chunk_message(self, chunk: _Chunk, pictures: Sequence[np.ndarray]) -> dict[str, Any]:
        return {
            "type": "chunk",
            "index": chunk.index,
            "num_frames": chunk_frames(chunk.index, self._config.plan.chunk_size),
            "resolution": "{}x{}".format(*self._size),
            **self._frames_message(pictures, chunk.controls, chunk.ids),
        }

    def _preview(self, picture: np.ndarray) -> dict[str, Any]:
        return {"type": "preview", "index": -1, **self._frames_message([picture], (), [])}

    def _frames_message(self, pictures: Sequence[np.ndarray], controls: tuple[str, ...], ids: list[Any]) -> dict[str, Any]:
        return {
            "fps": self._config.plan.fps,
            "timestamp": time.time(),
            "frames": [self._drawn(picture, controls) for picture in pictures],
            # The snapshot that they were made with; the ids are for the server.
            "applied_controls": list(controls),
            "applied_control_ids": ids,
        }

    def _drawn(self, picture: np.ndarray, controls: tuple[str, ...]) -> np.ndarray:
        if self._hud is not None and controls:
            self._hud.draw(picture, controls)
        return picture

    def _progress(self) -> dict[str, float]:
        return stream_progress(self._config.plan, self._frames, self._chunks, self._limit_seconds)

    # The generator's side.

    def _begin(self) -> Messages:
        yield from self._worker.call(self._begin_run)
        plan = self._config.plan
        width, height = self._size
        yield status(
            "runtime_ready",
            width=width,
            height=height,
            latent_frames=plan.latents,
            chunk_size=plan.chunk_size,
            total_chunks=plan.chunk_count,
            stream_progress=self._progress(),
        )

    # On the worker's thread.

    def _begin_run(self) -> None:
        self._run = self._generator.begin(self._request, lambda stage, **data: self.inbox.tell(status(stage, **data)))

    def _first_picture(self) -> np.ndarray:
        preview = getattr(self._run, "preview", None)
        picture = None if preview is None else preview()
        return resize(self._request.image, *self._size) if picture is None else picture

    def _end(self) -> None:
        try:
            if self._run is not None:
                self._run.close()
        finally:
            self._on_over()
            self.over.set()
