"""Bidirectional: the picture's colour follows the arrow keys, as the stream server's authors write it."""

from __future__ import annotations

import asyncio
import base64
import uuid
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

import cv2

import test_card

IDLE = (64, 64, 64)
COLOURS = {"ArrowUp": (200, 48, 48), "ArrowDown": (48, 160, 72), "ArrowLeft": (48, 80, 200), "ArrowRight": (235, 235, 235)}


@dataclass
class Session:
    config: dict
    active: bool = True
    pressed: list[str] = field(default_factory=list)


class KeyboardService:
    default_fps = test_card.FPS

    def __init__(self) -> None:
        self._sessions: dict[str, Session] = {}

    def start(self) -> None:
        print("[KeyboardService] ready")

    def stop(self) -> None:
        self._sessions.clear()

    def create_session(self, config: dict) -> str:
        if config.get("style") == "unknown":
            raise ValueError("there is no style unknown")
        if config.get("alone") and self._sessions:
            raise RuntimeError("this session must be alone")
        session_id = config.get("session_id") or str(uuid.uuid4())
        self._sessions[session_id] = Session(config)
        print(f"[KeyboardService] created {session_id}")
        return session_id

    def has_session(self, session_id: str) -> bool:
        return session_id in self._sessions

    def push_chunk(self, session_id: str, chunk: dict) -> None:
        session = self._sessions.get(session_id)
        if session is None or chunk.get("type") != "control":
            return
        key = chunk["key"]
        if chunk.get("action") == "press":
            session.pressed.append(key)
        elif key in session.pressed:
            session.pressed.remove(key)

    async def pull_chunks(self, session_id: str) -> AsyncGenerator[dict, None]:
        session = self._sessions[session_id]
        index = 0
        while session.active:
            colour = COLOURS.get(session.pressed[-1], IDLE) if session.pressed else IDLE
            bgr = cv2.cvtColor(test_card.draw(index, colour), cv2.COLOR_RGB2BGR)
            _, buffer = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, 90])
            yield {
                "type": "chunk",
                "index": index,
                "frames_b64": [base64.b64encode(buffer.tobytes()).decode("ascii")],
                "pressed": set(session.pressed),
            }
            index += 1
            await asyncio.sleep(1 / test_card.FPS)

    def close_session(self, session_id: str) -> None:
        session = self._sessions.pop(session_id, None)
        if session is not None:
            session.active = False
            print(f"[KeyboardService] closed {session_id}")


def get_service(gpu_num: int = 1) -> KeyboardService:
    return KeyboardService()
