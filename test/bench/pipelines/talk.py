"""Bidirectional for the benchmark: raw 832x480 pictures at 24 fps, and for each control when it reached ``push_chunk``."""

import asyncio
import time

import numpy as np

WIDTH, HEIGHT, FPS = 832, 480, 24


class Talk:
    default_fps = FPS

    def __init__(self):
        self.pictures = []
        self.heard = {}

    def start(self):
        ramp = np.linspace(0, 255, WIDTH, dtype=np.uint8)
        for index in range(24):
            picture = np.empty((HEIGHT, WIDTH, 3), dtype=np.uint8)
            picture[:] = np.roll(ramp, index * WIDTH // 24)[None, :, None]
            self.pictures.append(picture)

    def stop(self):
        pass

    def create_session(self, config):
        self.heard[config["session_id"]] = []
        return config["session_id"]

    def close_session(self, session_id):
        self.heard.pop(session_id, None)

    def push_chunk(self, session_id, chunk):
        now = time.time()
        if chunk.get("type") == "control" and session_id in self.heard:
            self.heard[session_id].append({"sent": chunk["sent"], "heard": now})

    async def pull_chunks(self, session_id):
        index = 0
        began = time.monotonic()
        while session_id in self.heard:
            heard, self.heard[session_id] = self.heard[session_id], []
            yield {"frames": [self.pictures[index % 24]], "index": index, "fps": FPS, "heard": heard}
            index += 1
            await asyncio.sleep(max(0, began + index / FPS - time.monotonic()))


def get_service():
    return Talk()
