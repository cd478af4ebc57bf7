"""What a pipeline may put into `frames`, as pictures for the wire."""

from __future__ import annotations

import operator
import sys
from collections.abc import Mapping
from typing import Any, Union

from .array_like import describe_array, to_array
from .media import MAX_PICTURE_SIDE, ChunkFormatError, RawPicture, flat_bytes, kind_of, picture_bytes
from .protocol import BytesLike

#: A raw picture, or the bytes of an encoded one (JPEG, PNG, WebP).
Picture = Union[RawPicture, BytesLike]

#: PyAV's words for the range of a colour: not said, which means limited for yuv420p, and limited.
_LIMITED_RANGES = (0, 1)


def parse_frame(frame: Any, name: str) -> Picture:
    """
    One item of `frames`: a numpy array or torch tensor (height × width × 3, RGB), a PIL image, a PyAV frame, the bytes of an
    encoded picture, or `{format, width, height, data}`. The result may share the frame's memory. Raises ChunkFormatError.
    """
    if isinstance(frame, (bytes, bytearray, memoryview)):
        return _encoded(frame, name)
    if isinstance(frame, Mapping):
        return _raw(frame, name)
    array = to_array(frame)
    if array is not None:
        return _from_array(array, name)
    if _is_instance(frame, "PIL.Image", "Image"):
        return _checked(RawPicture("RGB24", frame.width, frame.height, _rgb_bytes(frame)), name)
    if _is_instance(frame, "av", "VideoFrame"):
        return _checked(_from_video_frame(frame), name)
    raise ChunkFormatError(
        f"{name} must be a numpy array, a PIL image, a PyAV frame, JPEG bytes or a dict of format, width, height and data, "
        f"not {kind_of(frame)}"
    )


def _is_instance(value: Any, module_name: str, class_name: str) -> bool:
    """Whether a value is of a class of a module that the pipeline has imported; if it has not, the value cannot be."""
    found = getattr(sys.modules.get(module_name), class_name, None)
    return isinstance(found, type) and isinstance(value, found)


def _encoded(data: BytesLike, name: str) -> BytesLike:
    flat = flat_bytes(data)
    if flat is None:
        raise ChunkFormatError(f"{name} must be contiguous memory")
    if flat.nbytes == 0:
        raise ChunkFormatError(f"{name} is empty")
    return flat


def _raw(frame: Mapping[Any, Any], name: str) -> RawPicture:
    pixel_format = frame.get("format")
    if pixel_format not in ("I420", "RGB24", "RGBA"):
        raise ChunkFormatError(f"{name}.format must be I420, RGB24 or RGBA")
    width = _side(frame.get("width"), f"{name}.width")
    height = _side(frame.get("height"), f"{name}.height")
    data = flat_bytes(frame.get("data"))
    if data is None:
        raise ChunkFormatError(f"{name}.data must be bytes")
    expected = picture_bytes(pixel_format, width, height)
    if data.nbytes != expected:
        raise ChunkFormatError(f"{name}.data holds {data.nbytes} bytes; {width}×{height} {pixel_format} is {expected}")
    return RawPicture(pixel_format, width, height, data)


def _side(value: Any, name: str) -> int:
    try:
        side = operator.index(value)
    except TypeError:
        side = 0
    if isinstance(value, bool) or not 1 <= side <= MAX_PICTURE_SIDE:
        raise ChunkFormatError(f"{name} must be a whole number of pixels from 1 to {MAX_PICTURE_SIDE}")
    return side


def _checked(picture: RawPicture, name: str) -> RawPicture:
    _side(picture.width, f"{name}.width")
    _side(picture.height, f"{name}.height")
    return picture


def _from_array(array: Any, name: str) -> RawPicture:
    shape = array.shape
    if len(shape) == 2:
        array = array[:, :, None]
    elif len(shape) != 3 or shape[2] not in (1, 3, 4):
        raise ChunkFormatError(
            f"{name} must have the shape height × width × 3 (RGB), × 4 (RGBA) or height × width (grey), "
            f"not {describe_array(array)}"
        )
    height, width = array.shape[:2]
    _side(width, f"{name}.width")
    _side(height, f"{name}.height")
    pixels = _to_uint8(array, name)
    if pixels.shape[2] == 1:
        pixels = pixels.repeat(3, axis=2)
    numpy = sys.modules["numpy"]
    data = flat_bytes(numpy.ascontiguousarray(pixels))
    assert data is not None
    return RawPicture("RGBA" if pixels.shape[2] == 4 else "RGB24", width, height, data)


def _to_uint8(array: Any, name: str) -> Any:
    kind = array.dtype.kind
    if array.dtype == "uint8":
        return array
    if kind == "f":
        # The usual range of an image of floats is 0 to 1; what is no number becomes black. Half floats are too coarse for the
        # sum.
        numpy = sys.modules["numpy"]
        return (numpy.nan_to_num(array.astype("float32", copy=False)).clip(0, 1) * 255 + 0.5).astype("uint8")
    if kind == "b":
        return array.astype("uint8") * 255
    raise ChunkFormatError(f"{name} must be of uint8, or of floats from 0 to 1, not {describe_array(array)}")


def _rgb_bytes(image: Any) -> bytes:
    pixels: bytes = (image if image.mode == "RGB" else image.convert("RGB")).tobytes()
    return pixels


def _from_video_frame(frame: Any) -> RawPicture:
    if frame.format.name == "yuv420p" and int(getattr(frame, "color_range", 0) or 0) in _LIMITED_RANGES:
        return RawPicture("I420", frame.width, frame.height, b"".join(map(_packed_plane, frame.planes)))
    data = flat_bytes(frame.to_ndarray(format="rgb24"))
    assert data is not None
    return RawPicture("RGB24", frame.width, frame.height, data)


def _packed_plane(plane: Any) -> BytesLike:
    """A plane without what FFmpeg adds to the end of each row."""
    rows = memoryview(plane).cast("B")
    width, height, line_size = plane.width, plane.height, plane.line_size
    if line_size == width:
        return rows[: width * height]
    return b"".join(rows[start : start + width] for start in range(0, line_size * height, line_size))
