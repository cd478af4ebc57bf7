"""Pictures and sound as they go over the wire, and the limits on them."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from .protocol import BytesLike

PixelFormat = Literal["I420", "RGB24", "RGBA"]

MAX_FRAMES = 1024
MAX_MEDIA_BYTES = 256 * 1024 * 1024
MAX_PICTURE_SIDE = 4096
MIN_SAMPLE_RATE = 8000
MAX_SAMPLE_RATE = 96_000
DEFAULT_SAMPLE_RATE = 48_000


class ChunkFormatError(Exception):
    """A yielded value breaks the chunk format. The message names the field: `frames_b64[3] is not base64`."""


class RawPicture(NamedTuple):
    """
    Packed rows. `I420` is limited-range BT.601 with chroma planes rounded up; the RGB layouts are full-range sRGB, and the alpha
    of `RGBA` is ignored.
    """

    format: PixelFormat
    width: int
    height: int
    data: BytesLike


class PcmAudio(NamedTuple):
    """Interleaved signed 16-bit little-endian PCM."""

    data: BytesLike
    sample_rate: int
    channels: int


class ByteBudget:
    """Media bytes that a chunk may still carry."""

    def __init__(self) -> None:
        self._left = MAX_MEDIA_BYTES

    def take(self, count: int) -> None:
        self._left -= count
        if self._left < 0:
            limit = MAX_MEDIA_BYTES // 1024 // 1024
            raise ChunkFormatError(f"the chunk carries more than {limit} MiB of media; yield smaller chunks")


def picture_bytes(pixel_format: PixelFormat, width: int, height: int) -> int:
    """Bytes of a packed picture; the chroma planes of I420 are rounded up."""
    if pixel_format == "I420":
        return width * height + 2 * ((width + 1) // 2) * ((height + 1) // 2)
    return width * height * (3 if pixel_format == "RGB24" else 4)


def flat_bytes(value: Any) -> memoryview | None:
    """A view of an object's memory as bytes; None when it has no memory to share, or has gaps in it."""
    try:
        view = memoryview(value)
    except TypeError:
        return None
    if not view.c_contiguous:
        return None
    # An empty view cannot be cast in every shape.
    return view.cast("B") if view.nbytes > 0 else memoryview(b"")


def kind_of(value: Any) -> str:
    """What a value is, for an error message."""
    return "None" if value is None else type(value).__name__
