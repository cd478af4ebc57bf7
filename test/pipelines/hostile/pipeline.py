"""A pipeline that plays a clean pattern, and commits the misdeed that a message of the client names. The test writes `misdeeds.py`."""

import asyncio

import numpy

from misdeeds import MISDEEDS


def picture(index):
    """Grey, a little lighter with each frame."""
    return numpy.full((48, 64, 3), 64 + index % 128, numpy.uint8)


class HostileService:
    delivery = "lossless"
    default_fps = 20

    def __init__(self):
        self.sessions = {}

    def create_session(self, config):
        # A pipeline may name its sessions itself, and this one takes another's name when asked to.
        if config.get("takes"):
            return config["takes"]
        self.sessions[config["session_id"]] = (config, asyncio.Queue())
        return config["session_id"]

    def push_chunk(self, session_id, message):
        self.sessions[session_id][1].put_nowait(message)

    async def pull_chunks(self, session_id):
        config, orders = self.sessions[session_id]
        if config.get("plays"):
            index = 0
            while orders.empty():
                yield {"index": index, "fps": 20, "frames": [picture(index)]}
                index += 1
            return
        while True:
            order = await orders.get()
            yield commit(order["misdeed"], order["facts"])

    def close_session(self, session_id):
        self.sessions.pop(session_id, None)


def commit(misdeed, facts):
    try:
        result = MISDEEDS[misdeed](facts)
    except BaseException as error:
        return {"misdeed": misdeed, "stopped": f"{type(error).__name__} {error}"[:2000]}
    if isinstance(result, dict) and "chunk" in result:
        return result["chunk"]
    return {"misdeed": misdeed, "done": str(result)[:2000]}


def get_service():
    return HostileService()
