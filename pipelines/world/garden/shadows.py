"""What the sun does not reach: how far each of its rays comes, as a picture from where it stands."""

from __future__ import annotations

from typing import Callable

import numpy as np

from .rays import Rays, corners_of
from .scene import WALL, Solid
from .view import ParallelView

SIZE = 1024
#: A surface is not in its own shadow.
_SLACK = 0.06
_TALLEST = 9.0


class Shadows:
    """For one direction to the sun."""

    def __init__(self, solids: list[Solid], sun: np.ndarray, is_ragged: Callable[..., np.ndarray]) -> None:
        forward = -sun.astype(np.float64)
        right = np.cross(forward, (0.0, 1.0, 0.0))
        right /= np.linalg.norm(right)
        axes = np.stack([right, np.cross(forward, right), forward])
        x0, x1, z0, z1 = WALL
        garden = np.array([[x, y, z] for x in (x0, x1) for y in (0.0, _TALLEST) for z in (z0, z1)])
        seen = garden @ axes.T
        self._corner = seen[:, :2].min(axis=0)
        self._metres = float((seen[:, :2].max(axis=0) - self._corner).max()) / SIZE
        self._axes = axes.astype(np.float32)
        start = float(seen[:, 2].min()) - 1.0
        places = (np.arange(SIZE) + 0.5) * self._metres
        across, down = np.meshgrid(places + self._corner[0], places + self._corner[1])
        origin = tuple(
            (across * axes[0, axis] + down * axes[1, axis] + start * axes[2, axis]).astype(np.float32) for axis in range(3)
        )
        x, y, z = (float(part) for part in forward)
        rays = Rays((origin[0], origin[1], origin[2]), (x, y, z), (SIZE, SIZE))
        rays.meet_walls()
        windows = ParallelView(axes, self._corner, self._metres, SIZE).windows(np.stack([corners_of(solid) for solid in solids]))
        for index, (solid, window) in enumerate(zip(solids, windows)):
            if window is not None and not solid.is_lamp:
                rays.meet(index, solid, window, is_ragged)
        self._depths = (rays.distance + np.float32(start)).ravel()

    def light_at(self, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        """How much of the sun reaches places (n,), 0 to 1: of the four rays round each, those that come so far."""
        axes = self._axes
        column = (x * axes[0, 0] + y * axes[0, 1] + z * axes[0, 2] - np.float32(self._corner[0])) * np.float32(1 / self._metres) - 0.5
        row = (x * axes[1, 0] + y * axes[1, 1] + z * axes[1, 2] - np.float32(self._corner[1])) * np.float32(1 / self._metres) - 0.5
        depth = x * axes[2, 0] + y * axes[2, 1] + z * axes[2, 2]
        depth -= _SLACK
        np.clip(column, 0, SIZE - 2, out=column)
        np.clip(row, 0, SIZE - 2, out=row)
        left, top = column.astype(np.int32), row.astype(np.int32)
        dx, dy = column - left, row - top
        place = top * SIZE + left
        upper_left = self._depths[place] > depth
        upper_right = self._depths[place + 1] > depth
        place += SIZE
        upper = upper_left * (1 - dx) + upper_right * dx
        lower = (self._depths[place] > depth) * (1 - dx) + (self._depths[place + 1] > depth) * dx
        result: np.ndarray = upper + (lower - upper) * dy
        return result
