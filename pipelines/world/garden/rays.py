"""Rays, where they meet solids, and which part of a picture a solid can be in."""

from __future__ import annotations

from typing import Callable, Union

import numpy as np

from .scene import BASIN_HEIGHT, WALL, WALL_HEIGHT, WATER_HEIGHT, WATER_RADIUS, FOUNTAIN, Kind, Solid

#: One number for all rays, or one for each (rows, columns).
Numbers = Union[float, np.ndarray]
Window = "tuple[slice, slice]"

#: What a ray meets that is no solid of the list; solids count from 0.
NOTHING, GROUND, WALL_X, WALL_Z, WATER = -1, -2, -3, -4, -5
_NEAR = 0.02


class Rays:
    """Rays of a picture, with what they have met so far: how far away (`distance`), and what (`met`). x right, y up, z ahead."""

    def __init__(self, origin: tuple[Numbers, Numbers, Numbers], direction: tuple[Numbers, Numbers, Numbers], shape: tuple[int, int]) -> None:
        self.origin = origin
        self.direction = direction
        self.distance = np.full(shape, np.inf, dtype=np.float32)
        self.met = np.full(shape, NOTHING, dtype=np.int16)
        with np.errstate(divide="ignore"):
            self.inverse = tuple(np.float32(1) / axis for axis in direction)
        x, y, z = direction
        self.level = x * x + z * z
        self.level_inverse = 1 / np.maximum(self.level, 1e-12)
        self.squares = (x * x, y * y, z * z)

    def meet_ground(self) -> None:
        """The plane at height 0, as far as it goes."""
        distance = -self.origin[1] * self.inverse[1]
        self._keep(np.s_[:, :], np.broadcast_to(distance, self.distance.shape), distance > _NEAR, GROUND)

    def meet_walls(self) -> None:
        """The garden's four walls, from inside and from outside: where a ray comes out of the garden, and where it comes in."""
        x0, x1, z0, z1 = WALL
        (ox, oy, oz), (_dx, dy, _dz), (ix, _iy, iz) = self.origin, self.direction, self.inverse
        x_far, x_near = np.maximum((x0 - ox) * ix, (x1 - ox) * ix), np.minimum((x0 - ox) * ix, (x1 - ox) * ix)
        z_far, z_near = np.maximum((z0 - oz) * iz, (z1 - oz) * iz), np.minimum((z0 - oz) * iz, (z1 - oz) * iz)
        leaves_by_x = x_far < z_far
        leaves = np.where(leaves_by_x, x_far, z_far)
        comes_by_x = x_near > z_near
        comes = np.where(comes_by_x, x_near, z_near)
        for distance, by_x in ((leaves, leaves_by_x), (comes, comes_by_x)):
            hit = (distance > _NEAR) & (comes < leaves) & (oy + dy * distance < WALL_HEIGHT)
            if hit.any():
                met = np.where(by_x, np.int16(WALL_X), np.int16(WALL_Z))
                shape = self.distance.shape
                self._keep(np.s_[:, :], np.broadcast_to(distance, shape), np.broadcast_to(hit, shape), np.broadcast_to(met, shape))

    def meet_water(self, window: tuple[slice, slice]) -> None:
        (ox, oy, oz), (dx, dy, dz), (_ix, iy, _iz) = self._of(window)
        distance = (WATER_HEIGHT - oy) * iy
        x, z = ox + dx * distance - FOUNTAIN[0], oz + dz * distance - FOUNTAIN[1]
        inside = (distance > _NEAR) & (x * x + z * z < WATER_RADIUS**2)
        # The basin is a full cylinder, so where its lid is met the water is behind it: a little nearer than the stone that is not there.
        lid = (BASIN_HEIGHT - oy) * iy
        self._keep(window, np.where(inside, lid * np.float32(0.9999), distance), inside, WATER)

    def meet(self, index: int, solid: Solid, window: tuple[slice, slice], is_ragged: Callable[..., np.ndarray] | None = None) -> None:
        """A solid, in the part of the picture that it can be in. `is_ragged(solid, x, y, z, facing)` says where its outline has holes."""
        if solid.kind is Kind.BOX:
            self._meet_box(index, solid, window)
        elif solid.kind is Kind.CYLINDER:
            self._meet_cylinder(index, solid, window)
        else:
            self._meet_ellipsoid(index, solid, window, is_ragged)

    def _meet_box(self, index: int, solid: Solid, window: tuple[slice, slice]) -> None:
        origin, _direction, inverse = self._of(window)
        enters: Numbers = -np.inf
        leaves: Numbers = np.inf
        for middle, half, start, inverted in zip(solid.middle, solid.half, origin, inverse):
            to_middle = (middle - start) * inverted
            across = np.abs(inverted) * half
            enters = np.maximum(enters, to_middle - across)
            leaves = np.minimum(leaves, to_middle + across)
        self._keep(window, enters, (enters < leaves) & (enters > _NEAR), index)

    def _meet_cylinder(self, index: int, solid: Solid, window: tuple[slice, slice]) -> None:
        (ox, oy, oz), (dx, dy, dz), (_ix, iy, _iz) = self._of(window)
        level, level_inverse = self._part(self.level, window), self._part(self.level_inverse, window)
        x, z, radius = ox - solid.middle[0], oz - solid.middle[2], solid.half[0]
        low, high = solid.middle[1] - solid.half[1], solid.middle[1] + solid.half[1]
        half_b = x * dx + z * dz
        under_root = half_b * half_b - level * (x * x + z * z - radius * radius)
        enters = (-half_b - np.sqrt(np.maximum(under_root, 0))) * level_inverse
        height = oy + dy * enters
        side = (under_root > 0) & (enters > _NEAR) & (height > low) & (height < high)
        self._keep(window, enters, side, index)
        lid = (high - oy) * iy
        lid_x, lid_z = x + dx * lid, z + dz * lid
        from_above = np.asarray(oy) > high
        if np.any(from_above):
            self._keep(window, lid, (lid_x * lid_x + lid_z * lid_z < radius * radius) & (lid > _NEAR) & from_above, index)

    def _meet_ellipsoid(
        self, index: int, solid: Solid, window: tuple[slice, slice], is_ragged: Callable[..., np.ndarray] | None
    ) -> None:
        origin, direction, _inverse = self._of(window)
        weights = [1 / (half * half) for half in solid.half]
        a: Numbers = 0.0
        half_b: Numbers = 0.0
        c: Numbers = -1.0
        for middle, weight, start, along, square in zip(solid.middle, weights, origin, direction, self.squares):
            away = start - middle
            a = a + self._part(square, window) * weight
            half_b = half_b + along * (away * weight)
            c = c + away * away * weight
        under_root = half_b * half_b - a * c
        root = np.sqrt(np.maximum(under_root, 0))
        enters = (-half_b - root) / a
        hit = (under_root > 0) & (enters > _NEAR)
        if is_ragged is not None and solid.ragged > 0:
            # How squarely it is met: 1 in its middle, 0 at its outline.
            facing = root / np.sqrt(a)
            point = [start + along * enters for start, along in zip(origin, direction)]
            hit &= ~is_ragged(solid, *point, facing)
        self._keep(window, enters, hit, index)

    def _keep(self, window: tuple[slice, slice], distance: np.ndarray, hit: np.ndarray, met: int | np.ndarray) -> None:
        before = self.distance[window]
        nearer = hit & (distance < before)
        np.copyto(before, distance, where=nearer, casting="same_kind")
        np.copyto(self.met[window], met, where=nearer, casting="same_kind")

    def _of(self, window: tuple[slice, slice]) -> tuple[list[Numbers], list[Numbers], list[Numbers]]:
        parts = [[self._part(axis, window) for axis in axes] for axes in (self.origin, self.direction, self.inverse)]
        return parts[0], parts[1], parts[2]

    @staticmethod
    def _part(numbers: Numbers, window: tuple[slice, slice]) -> Numbers:
        return numbers[window] if isinstance(numbers, np.ndarray) and numbers.ndim == 2 else numbers


def corners_of(solid: Solid) -> np.ndarray:
    """The eight corners (8, 3) of the box round a solid."""
    signs = np.array([[sx, sy, sz] for sx in (-1, 1) for sy in (-1, 1) for sz in (-1, 1)], dtype=np.float32)
    return np.array(solid.middle, dtype=np.float32) + signs * np.array(solid.half, dtype=np.float32)
