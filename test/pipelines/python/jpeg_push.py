"""Server push: JPEG pictures and a tone, as the stream server's authors write it."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import AsyncGenerator

import cv2
import numpy as np

import test_card

FRAMES_PER_CHUNK = 8
SAMPLE_RATE = 48_000
COLOUR = (200, 48, 48)


class JpegPushService:
    def __init__(self) -> None:
        self._tone: np.ndarray | None = None

    def start(self) -> None:
        moments = np.arange(SAMPLE_RATE) / SAMPLE_RATE
        self._tone = (np.sin(2 * np.pi * 1000 * moments) * 12_000).astype(np.int16)
        print("[JpegPushService] ready")

    def stop(self) -> None:
        self._tone = None

    async def serve(self, request: dict) -> AsyncGenerator[dict, None]:
        chunks = int(request.get("chunks", 30))
        for index in range(chunks):
            began = time.monotonic()
            first = index * FRAMES_PER_CHUNK
            samples = [frame * SAMPLE_RATE // test_card.FPS for frame in (first, first + FRAMES_PER_CHUNK)]
            yield {
                "type": "chunk",
                "index": index,
                "frames_b64": [self._encode(first + offset) for offset in range(FRAMES_PER_CHUNK)],
                "num_frames": FRAMES_PER_CHUNK,
                "fps": test_card.FPS,
                "resolution": f"{test_card.WIDTH}x{test_card.HEIGHT}",
                "prompt": request.get("prompt", ""),
                "timestamp": time.time(),
                "audio_b64": base64.b64encode(self._tone.take(range(*samples), mode="wrap").tobytes()).decode("ascii"),
                "audio_sample_rate": SAMPLE_RATE,
                "audio_channels": 1,
            }
            await asyncio.sleep(max(0.0, FRAMES_PER_CHUNK / test_card.FPS - (time.monotonic() - began)))

    @staticmethod
    def _encode(number: int) -> str:
        bgr = cv2.cvtColor(test_card.draw(number, COLOUR), cv2.COLOR_RGB2BGR)
        _, buffer = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, 90])
        return base64.b64encode(buffer.tobytes()).decode("ascii")


def get_service() -> JpegPushService:
    return JpegPushService()
