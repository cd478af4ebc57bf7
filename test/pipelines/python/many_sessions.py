"""Bidirectional, standard library only: sessions that come and go in every way. Reads the same fields as ``conversation.ts``, as far as the test of
leaks uses them: ``script`` (its first step's ``repeat`` and ``everyMs``) and ``misbehave``."""

import asyncio

WIDTH, HEIGHT = 64, 48
FRAME = {"format": "RGB24", "width": WIDTH, "height": HEIGHT, "data": bytes([90, 20, 20]) * (WIDTH * HEIGHT)}
SOUND = bytes(2 * 1920)


class ManySessions:
    default_fps = 24

    def __init__(self):
        self.sessions = {}

    def start(self):
        pass

    def stop(self):
        pass

    def create_session(self, config):
        if (config.get("misbehave") or {}).get("createSession") == "throw":
            raise ValueError("not today")
        self.sessions[config["session_id"]] = config
        return config["session_id"]

    def push_chunk(self, session_id, chunk):
        pass

    async def pull_chunks(self, session_id):
        config = self.sessions[session_id]
        step = (config.get("script") or [{}])[0]
        repeat = step.get("repeat", 1)
        index = 0
        while repeat == 0 or index < repeat:
            await asyncio.sleep(step.get("everyMs", 0) / 1000)
            yield {"frames": [FRAME], "audio": SOUND, "audio_sample_rate": 48000, "index": index}
            index += 1
        if (config.get("misbehave") or {}).get("pullChunks") == "end":
            return
        while session_id in self.sessions:
            await asyncio.sleep(0.02)

    def close_session(self, session_id):
        self.sessions.pop(session_id, None)


def get_service():
    return ManySessions()
