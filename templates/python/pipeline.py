"""__NAME__: a pipeline for the TeleFuser stream server. Server push: one request in, a stream of chunks out."""

from __future__ import annotations

import colorsys
import zlib
from typing import Any, Iterator

WIDTH, HEIGHT, FPS = 640, 360, 24
BAR_WIDTH = 40


class Pipeline:
    default_fps = FPS
    #: What clients show of it, and what they offer.
    about = {"name": "__NAME__", "default_prompt": "a colour", "controls": [], "inputs": ["prompt"]}

    def start(self) -> None:
        """Called once, before the first viewer. Load the model here; the server is not ready until this has returned."""
        print("__NAME__ is ready")

    def stop(self) -> None:
        """Called once at the end. Free what start() took."""

    def serve(self, request: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """
        Called for each viewer, on a thread of its own: it may block. The request has what the page sent: "prompt", "config" and any other
        field. At each yield the generator waits until the server has room for more, so there is no need to sleep.
        """
        prompt = request.get("prompt") or ""
        index = 0
        while True:
            picture = draw(index, prompt)
            yield {
                "index": index,
                "fps": FPS,
                # A numpy array (height x width x 3, RGB), a PIL image or JPEG bytes would do as well.
                "frames": [{"format": "RGB24", "width": WIDTH, "height": HEIGHT, "data": picture}],
                # What is not media goes to the page, over the data channel.
                "prompt": prompt,
            }
            index += 1


def draw(index: int, prompt: str) -> bytes:
    """A gradient in the prompt's colour, and a bar that runs from left to right. Row by row, which is fast enough without numpy."""
    red, green, blue = colorsys.hsv_to_rgb(zlib.crc32(prompt.encode()) % 360 / 360, 0.6, 255)
    bar_begin = index * 4 % (WIDTH - BAR_WIDTH)
    bar = bytes((int(red), int(green), int(blue))) * BAR_WIDTH
    rows = []
    for y in range(HEIGHT):
        pixel = bytes((int(red * y / HEIGHT), int(green * y / HEIGHT), int(blue * y / HEIGHT)))
        rows.append(pixel * bar_begin + bar + pixel * (WIDTH - BAR_WIDTH - bar_begin))
    return b"".join(rows)


def get_service() -> Pipeline:
    return Pipeline()
