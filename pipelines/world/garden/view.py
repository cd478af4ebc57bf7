"""The camera as it is found in its rays, and where in its picture a solid can be."""

from __future__ import annotations

import numpy as np

#: Nearer than this, a corner has no place in the picture.
_NEAR = 0.05
_MARGIN_PIXELS = 1


class View:
    """A pinhole camera: rows of `axes` (3, 3) are its right, its down and its forward in the garden's coordinates (x right, y up, z ahead)."""

    def __init__(self, place: np.ndarray, axes: np.ndarray, intrinsics: np.ndarray, width: int, height: int) -> None:
        self.place = place
        self._axes = axes
        self._intrinsics = intrinsics
        self._width = width
        self._height = height

    def windows(self, corners: np.ndarray) -> list[tuple[slice, slice] | None]:
        """For each box of corners (n, 8, 3) the rows and columns of the picture that it is within; None for one that is out of sight."""
        seen = (corners - self.place) @ self._axes.T
        depth = seen[..., 2]
        focal_x, focal_y, centre_x, centre_y = self._intrinsics
        with np.errstate(divide="ignore", invalid="ignore"):
            x = seen[..., 0] / depth * focal_x + centre_x
            y = seen[..., 1] / depth * focal_y + centre_y
        behind, crossing = (depth <= _NEAR).all(axis=1), (depth <= _NEAR).any(axis=1)
        left, right = _range(x.min(axis=1), x.max(axis=1), self._width, crossing)
        top, bottom = _range(y.min(axis=1), y.max(axis=1), self._height, crossing)
        hidden = behind | (left >= right) | (top >= bottom)
        return [
            None if gone else (slice(int(t), int(b)), slice(int(l), int(r)))
            for gone, t, b, l, r in zip(hidden, top, bottom, left, right)
        ]


class ParallelView:
    """Parallel rays, as the sun's: `axes` as above, texels (rows, columns) of `metres` from a first one at `corner` (right, down)."""

    def __init__(self, axes: np.ndarray, corner: np.ndarray, metres: float, size: int) -> None:
        self._axes = axes
        self._corner = corner
        self._metres = metres
        self._size = size

    def windows(self, corners: np.ndarray) -> list[tuple[slice, slice] | None]:
        place = ((corners @ self._axes[:2].T) - self._corner) / self._metres
        never = np.zeros(len(corners), dtype=bool)
        left, right = _range(place[..., 0].min(axis=1), place[..., 0].max(axis=1), self._size, never)
        top, bottom = _range(place[..., 1].min(axis=1), place[..., 1].max(axis=1), self._size, never)
        return [
            None if l >= r or t >= b else (slice(int(t), int(b)), slice(int(l), int(r)))
            for t, b, l, r in zip(top, bottom, left, right)
        ]


def _range(low: np.ndarray, high: np.ndarray, size: int, everywhere: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    first = np.where(everywhere, 0, np.clip(np.nan_to_num(np.floor(low)) - _MARGIN_PIXELS, 0, size))
    last = np.where(everywhere, size, np.clip(np.nan_to_num(np.ceil(high)) + _MARGIN_PIXELS, 0, size))
    return first.astype(int), last.astype(int)
