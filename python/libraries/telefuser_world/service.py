"""The bidirectional service: one viewer at a time walks through what a generator makes."""

from __future__ import annotations

import threading
from typing import Any, Callable, Iterator, Mapping

import numpy as np

from .control_tensor import ControlGeometry
from .generator import WorldGenerator, WorldRequest
from .intrinsics import default_intrinsics, rescale_intrinsics
from .session import WorldSession
from .session_config import ConfigDefaults, SessionConfig, config_schema, read_session_config

#: How long a session may take to let go of the generator when the service is stopped.
_STOP_SECONDS = 10.0

#: A data URL, or what else a client may name an image by, as RGB (height, width, 3) uint8. Raises ControlError.
ReadImage = Callable[[Any, str], np.ndarray]


class WorldService:
    """What a pipeline's `get_service()` returns. Its attributes are those that the server reads."""

    #: A generator is one camera's. The server gives a second offer to another worker, or answers it at once that there is none.
    max_sessions = 1

    def __init__(
        self,
        generator: WorldGenerator,
        defaults: ConfigDefaults,
        *,
        about: Mapping[str, Any],
        default_image: Callable[[], np.ndarray],
        read_image: ReadImage,
    ) -> None:
        """`default_image` is for offers without `image` and `image_path`."""
        self._generator = generator
        self._defaults = defaults
        self._default_image = default_image
        self._read_image = read_image
        self._lock = threading.Lock()
        self._session_id: str | None = None
        self._session: WorldSession | None = None
        self.default_fps = defaults.fps
        self.about = dict(about)
        self.config_schema = config_schema(defaults)

    def start(self, report_progress: Callable[[float | None, str], None] = lambda _share, _text: None) -> None:
        self._generator.start(report_progress)

    def stop(self) -> None:
        with self._lock:
            session = self._session
        if session is not None:
            session.close()
            session.over.wait(_STOP_SECONDS)
        self._generator.stop()

    def has_session(self, session_id: str) -> bool:
        with self._lock:
            return self._session_id == session_id

    def create_session(self, offer: Mapping[str, Any]) -> str:
        """Raises RuntimeError while another session has the generator, and ControlError (a ValueError) for what cannot be made."""
        session_id = str(offer["session_id"])
        self._reserve(session_id)
        try:
            session = self._make_session(session_id, offer)
        except BaseException:
            self._release(session_id)
            raise
        with self._lock:
            self._session = session
        return session_id

    def push_chunk(self, session_id: str, chunk: Any) -> None:
        with self._lock:
            session = self._session if self._session_id == session_id else None
        # One that has just ended hears nothing any more.
        if session is not None:
            session.inbox.push(chunk)

    def pull_chunks(self, session_id: str) -> Iterator[dict[str, Any]]:
        with self._lock:
            if self._session is None or self._session_id != session_id:
                raise ValueError(f"there is no session {session_id}")
            return self._session.messages()

    def close_session(self, session_id: str) -> None:
        """Returns at once; the next session is refused until the generator is through with this one."""
        with self._lock:
            session = self._session if self._session_id == session_id else None
        if session is not None:
            session.close()

    def _make_session(self, session_id: str, offer: Mapping[str, Any]) -> WorldSession:
        config = read_session_config(offer, self._defaults, self._generator.max_latent_frames)
        request = self._request_of(offer, config)
        self._generator.check(request)
        geometry = ControlGeometry(
            request.width,
            request.height,
            config.plan.chunk_size,
            request.intrinsics,
            config.control_mode,
            config.translation_scale,
        )
        return WorldSession(
            self._generator, request, config, geometry, self._defaults.limit_seconds, lambda: self._release(session_id)
        )

    def _request_of(self, offer: Mapping[str, Any], config: SessionConfig) -> WorldRequest:
        named = next((name for name in ("image", "image_path") if offer.get(name) is not None), None)
        image = self._default_image() if named is None else self._read_image(offer[named], named)
        image_size = (image.shape[1], image.shape[0])
        size = self._generator.working_size(*image_size)
        if config.intrinsics is None:
            intrinsics = rescale_intrinsics(default_intrinsics(*image_size), image_size, size)
        else:
            intrinsics = rescale_intrinsics(config.intrinsics, config.intrinsics_size or size, size)
        return WorldRequest(config.prompt, image, *size, config.plan, intrinsics, config.seed, offer)

    def _reserve(self, session_id: str) -> None:
        with self._lock:
            if self._session_id is not None:
                raise RuntimeError("one session at a time: close the one that is open, or wait until it has ended")
            self._session_id = session_id

    def _release(self, session_id: str) -> None:
        with self._lock:
            if self._session_id == session_id:
                self._session_id = self._session = None
