"""What a pipeline may put into `audio`, as PCM for the wire."""

from __future__ import annotations

import sys
from typing import Any, NamedTuple

from .array_like import describe_array, to_array
from .media import ChunkFormatError, flat_bytes, kind_of
from .protocol import BytesLike


class Samples(NamedTuple):
    """Interleaved signed 16-bit little-endian PCM; `channels` where the value itself says how many there are."""

    data: BytesLike
    channels: int | None


def parse_samples(value: Any) -> Samples:
    """
    The value of `audio`: a numpy array or torch tensor of int16, or of floats from -1 to 1, shaped (samples), (samples, channels)
    or (channels, samples), `array.array('h')`, or bytes. Raises ChunkFormatError.
    """
    array = to_array(value)
    if array is not None:
        return _from_array(array)
    data = flat_bytes(value)
    if data is None or memoryview(value).format not in ("B", "b", "c", "h"):
        raise ChunkFormatError(f"audio must be an array of int16, or bytes of 16-bit PCM, not {kind_of(value)}")
    return Samples(data, None)


def _from_array(array: Any) -> Samples:
    channels = None
    if array.ndim == 2:
        samples_first, channels_first = array.shape[1] in (1, 2), array.shape[0] in (1, 2)
        if not samples_first and channels_first:
            array = array.T
        elif not samples_first:
            raise ChunkFormatError(
                f"audio must have the shape (samples) or (samples, 1 or 2 channels), not {describe_array(array)}"
            )
        channels = array.shape[1]
    elif array.ndim != 1:
        raise ChunkFormatError(f"audio must have the shape (samples) or (samples, 1 or 2 channels), not {describe_array(array)}")
    numpy = sys.modules["numpy"]
    data = flat_bytes(numpy.ascontiguousarray(_to_int16(array), dtype="<i2"))
    assert data is not None
    return Samples(data, channels)


def _to_int16(array: Any) -> Any:
    if array.dtype.kind == "i" and array.dtype.itemsize == 2:
        return array
    if array.dtype.kind == "f":
        numpy = sys.modules["numpy"]
        return numpy.rint(numpy.nan_to_num(array.astype("float32", copy=False)).clip(-1, 1) * 32_767).astype("int16")
    raise ChunkFormatError(f"audio must be of int16, or of floats from -1 to 1, not {describe_array(array)}")
