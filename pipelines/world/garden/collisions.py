"""Keeps the walker out of walls: what stands on the ground stops whoever comes near."""

from __future__ import annotations

import math

import numpy as np

from .scene import EYE_METRES, WALL, Kind, Solid

#: Half the width of a walker.
BODY_METRES = 0.38
#: What is lower is stepped over, what is higher is walked under.
_STEP_METRES, _HEAD_METRES = 0.25, 1.75
#: How high above the ground an eye may be that flies in on a path of its own, and how low.
_HIGHEST, _LOWEST = 12.0, 0.25
_STRIDE_METRES = 0.12
_MOST_STRIDES = 400


class Collisions:
    """For the camera's coordinates: x right, y down from the eye, z ahead."""

    def __init__(self, solids: list[Solid]) -> None:
        stops = [solid for solid in solids if solid.is_obstacle and _reaches_a_walker(solid)]
        boxes = [(s.middle[0], s.middle[2], s.half[0] + BODY_METRES, s.half[2] + BODY_METRES) for s in stops if s.kind is Kind.BOX]
        discs = [(s.middle[0], s.middle[2], s.half[0] + BODY_METRES) for s in stops if s.kind is not Kind.BOX]
        self._boxes = np.array(boxes).reshape(-1, 4)
        self._discs = np.array(discs).reshape(-1, 3)

    def constrain(self, here: np.ndarray, there: np.ndarray) -> np.ndarray:
        """Where one comes to who wants to go from here to there: up to a wall, and along it."""
        way = there - here
        strides = min(_MOST_STRIDES, max(1, math.ceil(float(np.hypot(way[0], way[2])) / _STRIDE_METRES)))
        place = here.copy()
        for _ in range(strides):
            place = self._push_out(place + way / strides)
        return place

    def _push_out(self, place: np.ndarray) -> np.ndarray:
        x0, x1, z0, z1 = WALL
        x, y, z = place
        # Twice: who is pushed out of one may have been pushed into another.
        for _ in range(2):
            x, z = self._out_of_boxes(x, z)
            x, z = self._out_of_discs(x, z)
            x = min(max(x, x0 + BODY_METRES), x1 - BODY_METRES)
            z = min(max(z, z0 + BODY_METRES), z1 - BODY_METRES)
        return np.array([x, min(max(y, EYE_METRES - _HIGHEST), EYE_METRES - _LOWEST), z])

    def _out_of_boxes(self, x: float, z: float) -> tuple[float, float]:
        dx, dz = x - self._boxes[:, 0], z - self._boxes[:, 1]
        deep_x, deep_z = self._boxes[:, 2] - np.abs(dx), self._boxes[:, 3] - np.abs(dz)
        for index in np.flatnonzero((deep_x > 0) & (deep_z > 0)):
            middle_x, middle_z, half_x, half_z = self._boxes[index]
            if deep_x[index] < deep_z[index]:
                x = middle_x + math.copysign(half_x, dx[index])
            else:
                z = middle_z + math.copysign(half_z, dz[index])
        return x, z

    def _out_of_discs(self, x: float, z: float) -> tuple[float, float]:
        away = np.hypot(x - self._discs[:, 0], z - self._discs[:, 1])
        for index in np.flatnonzero(away < self._discs[:, 2]):
            middle_x, middle_z, radius = self._discs[index]
            far = max(float(away[index]), 1e-6)
            x, z = middle_x + (x - middle_x) / far * radius, middle_z + (z - middle_z) / far * radius
        return x, z


def _reaches_a_walker(solid: Solid) -> bool:
    return solid.middle[1] + solid.half[1] > _STEP_METRES and solid.middle[1] - solid.half[1] < _HEAD_METRES
