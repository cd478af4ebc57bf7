"""Reads the image of an offer. The only module here that needs Pillow."""

from __future__ import annotations

import base64
import binascii
import io
from pathlib import Path
from typing import Any, Sequence

import numpy as np
from PIL import Image, ImageOps

from .errors import ControlError

MAX_IMAGE_BYTES = 10 * 1024 * 1024
MAX_IMAGE_PIXELS = 25_000_000
#: As long as a path may be on Linux (PATH_MAX).
_MAX_PATH_CHARACTERS = 4096
_FORMATS = ("JPEG", "PNG", "WEBP")
_REMEDY = "send a JPEG, PNG or WebP as data URL, or the path of one in a folder that the service's operator opened"


class ImageReader:
    """Reads what a client names: a data URL, or a file in one of some folders."""

    def __init__(self, folders: Sequence[Path] = ()) -> None:
        """Nothing outside the folders is opened, also where no sandbox would keep a client from it."""
        self._folders = [folder.resolve() for folder in folders]

    def __call__(self, value: Any, field: str = "image") -> np.ndarray:
        """The image as RGB (height, width, 3) uint8, upright. A path may be relative to a folder. Raises ControlError."""
        if not isinstance(value, str) or not value:
            raise ControlError(field, "must be a text", _REMEDY)
        if value.startswith("data:"):
            return decode_image(_decode_data_url(value, field), field)
        # Following a path's links takes time by the square of its length.
        for folder in self._folders if len(value) <= _MAX_PATH_CHARACTERS else ():
            try:
                path = (folder / value).resolve()
                if folder in path.parents and path.is_file():
                    with path.open("rb") as file:
                        return decode_image(file.read(MAX_IMAGE_BYTES + 1), field)
            except (OSError, RuntimeError, ValueError) as error:
                if isinstance(error, ControlError):
                    raise
        # Not why: a client shall not find out what files there are.
        raise ControlError(field, "names no image that this service may read", _REMEDY)


def decode_image(data: bytes, field: str) -> np.ndarray:
    """An image file's bytes. Raises ControlError."""
    if len(data) > MAX_IMAGE_BYTES:
        raise ControlError(field, "is larger than 10 MiB", "send a smaller one")
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
            if image.width * image.height > MAX_IMAGE_PIXELS:
                raise ControlError(field, f"has {image.width} × {image.height} pixels, more than {MAX_IMAGE_PIXELS}", "send a smaller one")
            return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    except ControlError:
        raise
    except Exception:
        # Pillow raises all kinds of errors for files that are no images.
        raise ControlError(field, "cannot be decoded", _REMEDY) from None


def _decode_data_url(url: str, field: str) -> bytes:
    head, comma, payload = url.partition(",")
    if not comma or not head.startswith("data:image/") or not head.endswith(";base64"):
        raise ControlError(field, "is no base64 data URL of an image", _REMEDY)
    if len(payload) > 4 * (MAX_IMAGE_BYTES + 2) // 3 + 4:
        raise ControlError(field, "is larger than 10 MiB", "send a smaller one")
    try:
        return base64.b64decode(payload, validate=True)
    except (ValueError, binascii.Error):
        raise ControlError(field, "is no base64", _REMEDY) from None
