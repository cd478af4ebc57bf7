"""Camera pictures and microphone sound, as `push_chunk` gets them."""

from __future__ import annotations

import importlib
from functools import cache
from typing import Any

from .protocol import Message, ProtocolError


def to_media_message(message: Message) -> dict[str, Any]:
    """
    What `push_chunk` is called with for a `media` message: `{"type": "media", "video_frames": […]}` with RGB arrays (height ×
    width × 3, uint8), where there is no numpy with dicts of format, width, height and data; or `{"type": "media", "audio_pcm",
    "sample_rate", "channels"}` with interleaved 16-bit PCM. The arrays share the message's memory, which is theirs alone. Raises
    ProtocolError.
    """
    header, parts = message
    pictures, audio = header.get("pictures"), header.get("audio")
    if not isinstance(pictures, list) or len(parts) != len(pictures) + (0 if audio is None else 1):
        raise ProtocolError("media with a wrong number of parts")
    if audio is not None:
        return {
            "type": "media",
            "audio_pcm": bytes(parts[-1]),
            "sample_rate": audio["sampleRate"],
            "channels": audio["channels"],
        }
    return {"type": "media", "video_frames": [_to_frame(picture, part) for picture, part in zip(pictures, parts)]}


def _to_frame(picture: dict[str, Any], part: memoryview) -> Any:
    width, height = picture["width"], picture["height"]
    numpy = _import_numpy()
    if numpy is None:
        return {"format": "RGB24", "width": width, "height": height, "data": bytes(part)}
    return numpy.frombuffer(part, dtype=numpy.uint8).reshape(height, width, 3)


@cache
def _import_numpy() -> Any | None:
    # Only now: most pipelines take no camera. An ImportError is not all that a broken or forbidden library raises.
    try:
        return importlib.import_module("numpy")
    except Exception:
        return None
