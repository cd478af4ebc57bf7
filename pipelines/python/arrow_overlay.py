"""
Bidirectional: loops a video without its sound, and draws a pad with the arrow keys that the client holds down. See README.md.

Needs numpy, OpenCV and PyAV (Debian: python3-numpy python3-opencv python3-av).
"""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any, Iterator

import av
import cv2
import numpy as np

DEFAULT_CLIP = Path(__file__).resolve().parent.parent / "video-replay" / "clip.mp4"
ARROW_KEYS = ("ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight")
MAX_FRAMES = 2000
MAX_PICTURE_BYTES = 512 * 1024 * 1024
MAX_WAITING_CONTROLS = 64
#: Later than this, the schedule begins anew instead of catching up.
MAX_LATENESS_SECONDS = 0.25

# The pad, in measures of a square of 160 pixels.
DESIGN_SIZE = 160
MARGIN = 20
BUTTON_HALF = 22
BUTTON_RADIUS = 8
#: Middle of each button and where its arrow points, in the order of ARROW_KEYS.
BUTTONS = (((80, 30), (0, -1)), ((80, 130), (0, 1)), ((30, 80), (-1, 0)), ((130, 80), (1, 0)))
PLATE, PLATE_ALPHA = (11, 16, 32), 0.5
IDLE, IDLE_ALPHA, IDLE_ARROW = (74, 78, 92), 0.85, (235, 235, 240)
LIT, LIT_ARROW = (40, 220, 110), (12, 40, 24)
#: Drawn so many times larger and then made smaller, for smooth edges.
OVERSAMPLING = 4


class DirectionPad:
    """Four arrow buttons in the bottom right corner, drawn once for each combination of keys and then only blended into a picture."""

    def __init__(self, width: int, height: int) -> None:
        self.size = _even(min(width, height) // 3)
        margin = _even(MARGIN * self.size // DESIGN_SIZE)
        self.x, self.y = _even(width - margin - self.size), _even(height - margin - self.size)
        self._drawings = [self._draw(combination) for combination in range(1 << len(ARROW_KEYS))]

    def draw_into(self, picture: np.ndarray, lit: set[str]) -> None:
        """Blends the pad into an RGB picture."""
        add, keep = self._drawings[sum(1 << place for place, key in enumerate(ARROW_KEYS) if key in lit)]
        corner = picture[self.y : self.y + self.size, self.x : self.x + self.size]
        corner[:] = cv2.add(add, cv2.multiply(corner, keep, scale=1 / 255))

    def _draw(self, combination: int) -> tuple[np.ndarray, np.ndarray]:
        """What to add to a picture, and how much of it to keep (0–255), each for three colours."""
        side = DESIGN_SIZE * OVERSAMPLING
        colours = np.zeros((self.size, self.size, 3), np.float32)
        alphas = np.zeros((self.size, self.size, 1), np.float32)

        def mask() -> np.ndarray:
            return np.zeros((side, side), np.uint8)

        def paint(shape: np.ndarray, colour: tuple[int, int, int], alpha: float) -> None:
            share = cv2.resize(shape, (self.size, self.size), interpolation=cv2.INTER_AREA)[:, :, None] * np.float32(alpha / 255)
            colours[:] = colours * (1 - share) + np.float32(colour) * share
            alphas[:] = alphas * (1 - share) + share

        centre = side // 2
        paint(cv2.circle(mask(), (centre, centre), centre - OVERSAMPLING, 255, cv2.FILLED), PLATE, PLATE_ALPHA)
        for place, (middle, pointing) in enumerate(BUTTONS):
            lit = bool(combination & (1 << place))
            paint(_rounded_square(mask(), middle), LIT if lit else IDLE, 1.0 if lit else IDLE_ALPHA)
            paint(_arrow(mask(), middle, pointing), LIT_ARROW if lit else IDLE_ARROW, 1.0)
        keep = np.repeat(255 * (1 - alphas), 3, axis=2)
        return np.rint(colours).astype(np.uint8), np.rint(keep).astype(np.uint8)


def _rounded_square(mask: np.ndarray, middle: tuple[int, int]) -> np.ndarray:
    (x, y), half, radius = (side * OVERSAMPLING for side in middle), BUTTON_HALF * OVERSAMPLING, BUTTON_RADIUS * OVERSAMPLING
    inner = half - radius
    cv2.rectangle(mask, (x - half, y - inner), (x + half - 1, y + inner - 1), 255, cv2.FILLED)
    cv2.rectangle(mask, (x - inner, y - half), (x + inner - 1, y + half - 1), 255, cv2.FILLED)
    for corner_x in (x - inner, x + inner - 1):
        for corner_y in (y - inner, y + inner - 1):
            cv2.circle(mask, (corner_x, corner_y), radius, 255, cv2.FILLED)
    return mask


def _arrow(mask: np.ndarray, middle: tuple[int, int], pointing: tuple[int, int]) -> np.ndarray:
    tip, base, half = 11.0, -7.7, 9.35
    along, across = np.array(pointing), np.array(pointing)[::-1]
    corners = [along * tip, along * base + across * half, along * base - across * half]
    points = np.rint((np.array(middle) + corners) * OVERSAMPLING).astype(np.int32)
    return cv2.fillPoly(mask, [points], 255)


class Session:
    """One client's keys. Messages come on another thread than the one that draws."""

    def __init__(self) -> None:
        self.closed = threading.Event()
        self._lock = threading.Lock()
        self._held: set[str] = set()
        self._waiting: list[dict[str, Any]] = []

    def apply(self, control: dict[str, Any]) -> None:
        with self._lock:
            (self._held.add if control["action"] == "press" else self._held.discard)(control["key"])
            if len(self._waiting) < MAX_WAITING_CONTROLS:
                self._waiting.append(control)

    def take(self) -> tuple[set[str], list[str], list[dict[str, Any]]]:
        """The keys to light in the next frame (held, or only tapped since the last one), the keys held, and what came since."""
        with self._lock:
            applied, self._waiting = self._waiting, []
            lit = self._held | {control["key"] for control in applied if control["action"] == "press"}
            return lit, [key for key in ARROW_KEYS if key in self._held], applied


class ArrowOverlay:
    about = {
        "name": "Arrow overlay",
        "description": "A film, in which the arrow keys light up a pad.",
        "controls": ["arrows"],
        "inputs": [],
    }

    def __init__(self, path: Path) -> None:
        self._path = path
        self._sessions: dict[str, Session] = {}
        self.default_fps: float | None = None

    def start(self) -> None:
        # Packed YUV pictures, half the size of RGB; each is made RGB when it is its turn.
        self._pictures, self.default_fps = _load(self._path)
        rows, width = self._pictures[0].shape
        self._pad = DirectionPad(width, rows * 2 // 3)
        print(f"{self._path}: {len(self._pictures)} frames, {self.default_fps:g} fps; pad at {self._pad.x},{self._pad.y}")

    def stop(self) -> None:
        for session_id in list(self._sessions):
            self.close_session(session_id)

    def has_session(self, session_id: str) -> bool:
        return session_id in self._sessions

    def create_session(self, config: dict[str, Any]) -> str:
        session_id = config["session_id"]
        if session_id in self._sessions:
            raise ValueError(f"the session {session_id} exists already")
        self._sessions[session_id] = Session()
        return session_id

    def push_chunk(self, session_id: str, chunk: Any) -> None:
        session = self._sessions.get(session_id)
        # Other messages, media and other keys are none of its business.
        if session is None or not isinstance(chunk, dict) or chunk.get("type") != "control" or chunk.get("key") not in ARROW_KEYS:
            return
        if chunk.get("action") not in ("press", "release"):
            raise ValueError('action must be "press" or "release"')
        # The id, if there is one, is how the client finds out when the control was applied.
        session.apply({name: chunk[name] for name in ("key", "action", "id") if isinstance(chunk.get(name), (str, int))})

    def close_session(self, session_id: str) -> None:
        session = self._sessions.pop(session_id, None)
        if session is not None:
            session.closed.set()

    def pull_chunks(self, session_id: str) -> Iterator[dict[str, Any]]:
        session = self._sessions[session_id]
        fps = self.default_fps or 24
        anchor, since_anchor, index = time.monotonic(), 0, 0
        while True:
            wait = anchor + since_anchor / fps - time.monotonic()
            if session.closed.wait(max(0.0, wait)):
                return
            if wait < -MAX_LATENESS_SECONDS:
                anchor, since_anchor = time.monotonic(), 0
            since_anchor += 1
            picture = cv2.cvtColor(self._pictures[index % len(self._pictures)], cv2.COLOR_YUV2RGB_I420)
            # The keys are looked at last, so that a key press is in the very next frame.
            lit, pressed, applied = session.take()
            self._pad.draw_into(picture, lit)
            yield {
                "type": "chunk",
                "index": index,
                "frames": [picture],
                "fps": fps,
                "timestamp": time.time(),
                "pressed": pressed,
                # The server reads their ids from here, and tells the client that this frame is the first to show them.
                "applied_controls": applied,
            }
            index += 1


def _load(path: Path) -> tuple[list[np.ndarray], float]:
    try:
        container = av.open(str(path))
    except OSError as error:
        raise RuntimeError(
            f"the video {path} cannot be read ({error}): -o clip=PATH names one, and --asset PATH lets the pipeline read it"
        ) from None
    pictures: list[np.ndarray] = []
    with container:
        if not container.streams.video:
            raise RuntimeError(f"{path} has no picture in it")
        fps = float(container.streams.video[0].average_rate or 25)
        for frame in container.decode(video=0):
            width, height = _even(frame.width), _even(frame.height)
            pictures.append(frame.to_ndarray(format="yuv420p", width=width, height=height))
            if len(pictures) == MAX_FRAMES or len(pictures) * pictures[0].nbytes > MAX_PICTURE_BYTES:
                print(f"{path} is long: only its first {len(pictures)} frames are played")
                break
    if not pictures:
        raise RuntimeError(f"{path} has no picture that can be decoded")
    return pictures, fps


def _even(value: int) -> int:
    return value // 2 * 2


def get_service(clip: str = str(DEFAULT_CLIP)) -> ArrowOverlay:
    return ArrowOverlay(Path(clip))
