"""
Intrinsics of a camera: a row `(fx, fy, cx, cy)` in pixels of a picture of a certain size. Pixel (0, 0) reaches from 0 to 1, so the middle of a
picture is (width / 2, height / 2). Pure functions; float64.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .errors import ControlError
from .poses import read_numbers

#: The area that the model was trained at: 832 × 480.
DEFAULT_MAX_AREA = 832 * 480
#: Pixels of a picture to one of the latent grid (8), times two to a token.
SIZE_MULTIPLE = 16
#: Of a client's intrinsics, in pixels. Outside of them single precision has no rays.
_MIN_FOCAL, _MAX_PIXELS = 1.0, 1e6


def default_intrinsics(width: int, height: int) -> np.ndarray:
    """The camera that is assumed for a picture of which nothing is known (4,): `fx = fy = width` (53° across), centred."""
    return np.array([width, width, width / 2, height / 2], dtype=np.float64)


def rescale_intrinsics(intrinsics: np.ndarray, from_size: tuple[int, int], to_size: tuple[int, int]) -> np.ndarray:
    """Intrinsics (…, 4) of a picture of one size (width, height), for the same picture resized to another."""
    across, down = to_size[0] / from_size[0], to_size[1] / from_size[1]
    return np.asarray(intrinsics, dtype=np.float64) * np.array([across, down, across, down])


def check_intrinsics(value: Any, field: str = "intrinsics") -> np.ndarray:
    """
    A client's intrinsics as (4,). Of several rows (frames, 4) the first: the camera of a session does not zoom. Raises ControlError.
    """
    rows = read_numbers(value, field)
    if rows.ndim == 2 and len(rows) > 0:
        rows = rows[0]
    if rows.shape != (4,):
        raise ControlError(field, "must be four numbers, or rows of four", "send (fx, fy, cx, cy) in pixels")
    if (rows[:2] <= 0).any():
        raise ControlError(field, "has a focal length that is not positive", "send (fx, fy, cx, cy) in pixels")
    if (rows[:2] < _MIN_FOCAL).any() or (np.abs(rows) > _MAX_PIXELS).any():
        limits = f"a focal length from {_MIN_FOCAL:g} to {_MAX_PIXELS:g} and a centre up to {_MAX_PIXELS:g} away"
        raise ControlError(field, "is no camera's", f"send (fx, fy, cx, cy) in pixels: {limits}")
    return rows


def working_size(image_width: int, image_height: int, max_area: int = DEFAULT_MAX_AREA, multiple: int = SIZE_MULTIPLE) -> tuple[int, int]:
    """
    Width and height that the model works at for a picture of this shape: about `max_area` pixels, each side rounded down to a multiple (and at
    least one). 832 × 480 for a picture of that shape.
    """
    aspect = image_height / image_width
    # A root that is a whole number may come out a hair below it.
    width = math.sqrt(max_area / aspect) + 1e-6
    height = math.sqrt(max_area * aspect) + 1e-6
    return max(multiple, int(width // multiple) * multiple), max(multiple, int(height // multiple) * multiple)
