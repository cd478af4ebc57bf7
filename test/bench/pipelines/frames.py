"""Server push for the benchmark: the same 832x480 pictures at 24 fps, handed over in the way that ``-o way=`` names.

``raw``    numpy arrays, as a model makes them
``jpeg``   encoded by OpenCV for every chunk, as base64: what pipelines of the original server do
``ready``  encoded once at the start: what it costs to hand JPEG over when it is there already
"""

import asyncio
import base64
import time

import cv2
import numpy as np

WIDTH, HEIGHT, FPS = 832, 480, 24
PICTURES = 96


def encode(picture):
    ok, data = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 85])
    assert ok
    return base64.b64encode(data).decode("ascii")


class Frames:
    default_fps = FPS

    def __init__(self, way):
        self.way = way
        self.pictures = []
        self.encoded = []

    def start(self):
        # Film-like: a soft moving background, an edge that moves, a little grain.
        rng = np.random.default_rng(7)
        y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
        for index in range(PICTURES):
            phase = 2 * np.pi * index / PICTURES
            red = 128 + 80 * np.sin(x / 90 + phase)
            green = 128 + 80 * np.sin(y / 70 - phase)
            blue = 128 + 80 * np.sin((x + y) / 120 + 2 * phase)
            picture = np.stack([red, green, blue], axis=-1)
            left = int((WIDTH - 120) * (0.5 + 0.5 * np.sin(phase)))
            picture[180:300, left : left + 120] = (230, 220, 60)
            picture += rng.normal(0, 3, picture.shape)
            self.pictures.append(np.clip(picture, 0, 255).astype(np.uint8))
        if self.way == "ready":
            self.encoded = [encode(picture) for picture in self.pictures]

    def stop(self):
        pass

    async def serve(self, request):
        began = time.monotonic()
        index = 0
        while True:
            picture = index % PICTURES
            if self.way == "raw":
                media = {"frames": [self.pictures[picture]]}
            else:
                media = {"frames_b64": [self.encoded[picture] if self.way == "ready" else encode(self.pictures[picture])]}
            yield {"type": "chunk", "index": index, "fps": FPS, **media}
            index += 1
            await asyncio.sleep(max(0, began + index / FPS - time.monotonic()))


def get_service(way="raw"):
    return Frames(way)
