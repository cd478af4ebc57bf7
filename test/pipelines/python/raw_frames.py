"""Bidirectional: raw frames of numpy, PIL and PyAV in turn, each kind in its own colour, with sound as a numpy array."""

from __future__ import annotations

import asyncio
import time
from fractions import Fraction

import av
import numpy as np
from PIL import Image

import test_card

SAMPLE_RATE = 16_000
COLOURS = {"numpy": (200, 48, 48), "pil": (48, 160, 72), "pyav": (48, 80, 200)}


class RawFramesService:
    def start(self) -> None:
        pass

    def stop(self) -> None:
        pass

    def create_session(self, config: dict) -> str:
        self._kinds = config.get("kinds") or list(COLOURS)
        return config["session_id"]

    def push_chunk(self, session_id: str, chunk: dict) -> None:
        pass

    async def pull_chunks(self, session_id: str):
        kinds = self._kinds
        began = time.monotonic()
        # One array for every picture: what was yielded may be filled anew.
        picture = np.empty((test_card.HEIGHT, test_card.WIDTH, 3), np.uint8)
        for index in range(480):
            kind = kinds[index // test_card.FPS % len(kinds)]
            picture[:] = test_card.draw(index, COLOURS[kind])
            yield {
                "type": "chunk",
                "index": index,
                "kind": kind,
                "frames": [_as(kind, picture)],
                "fps": test_card.FPS,
                "audio": _tone(index),
                "audio_sample_rate": SAMPLE_RATE,
                "mean": picture.mean(),
                "pace": Fraction(1, test_card.FPS),
            }
            await asyncio.sleep(max(0.0, began + (index + 1) / test_card.FPS - time.monotonic()))

    def close_session(self, session_id: str) -> None:
        pass


def _as(kind: str, picture: np.ndarray):
    if kind == "pil":
        return Image.fromarray(picture)
    if kind == "pyav":
        return av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuv420p")
    return picture


def _tone(index: int) -> np.ndarray:
    first, end = (number * SAMPLE_RATE // test_card.FPS for number in (index, index + 1))
    return (0.4 * np.sin(2 * np.pi * 1000 * np.arange(first, end) / SAMPLE_RATE)).astype(np.float32)


def get_service() -> RawFramesService:
    return RawFramesService()
