"""A chunk as a message of the host protocol."""

from __future__ import annotations

from typing import Any

from .chunks import Chunk
from .media import RawPicture
from .protocol import BytesLike


def encode_chunk(
    run: int, chunk: Chunk, yielded_at_ms: float, applied: list[dict[str, Any]]
) -> tuple[dict[str, Any], list[BytesLike]]:
    """Header and parts of a chunk. The parts are the chunk's own buffers. `applied` are the controls that it is the first to reflect."""
    header: dict[str, Any] = {
        "type": "chunk",
        "run": run,
        "pictures": [_picture_header(picture) for picture in chunk.pictures],
        "yieldedAtMs": yielded_at_ms,
        "metadata": chunk.metadata,
    }
    if applied:
        header["applied"] = applied
    parts = [picture.data if isinstance(picture, RawPicture) else picture for picture in chunk.pictures]
    if chunk.audio is not None:
        header["audio"] = {"sampleRate": chunk.audio.sample_rate, "channels": chunk.audio.channels}
        parts.append(chunk.audio.data)
    optional = {"fps": chunk.fps, "index": chunk.index, "delivery": chunk.delivery, "queueMs": chunk.queue_ms}
    header.update({name: value for name, value in optional.items() if value is not None})
    return header, parts


def _picture_header(picture: RawPicture | BytesLike) -> dict[str, Any]:
    if not isinstance(picture, RawPicture):
        return {"kind": "encoded"}
    return {"kind": "raw", "format": picture.format, "width": picture.width, "height": picture.height}
