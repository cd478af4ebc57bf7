"""
The place: a walled garden with a fountain, colonnades and a gate. Metres; x to the right, y up from the ground, z ahead of where a walk begins.

Solids are boxes, upright cylinders and ellipsoids, which rays meet by a formula.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np

from .textures import Surface

#: Height of the eye, and with it where the walk begins: above (0, 0).
EYE_METRES = 1.6

#: The garden's wall: x from, x to, z from, z to; and its height.
WALL = (-14.0, 14.0, -6.0, 36.0)
WALL_HEIGHT = 3.4

FOUNTAIN = (0.0, 14.0)
BASIN_RADIUS, BASIN_HEIGHT = 2.5, 0.5
WATER_RADIUS, WATER_HEIGHT = 2.2, 0.42

#: The picture's wall: its middle, and how large a picture may be.
PICTURE_MIDDLE = (2.5, 1.72, 8.0)
PICTURE_MAX = (2.6, 1.7)
PICTURE_FRAME = 0.09


class Kind(IntEnum):
    """How a solid is met and shaded."""

    BOX = 0
    CYLINDER = 1
    ELLIPSOID = 2


@dataclass(frozen=True)
class Solid:
    """`middle` (x, y, z) and `half` its half sizes: of a cylinder (radius, half height, radius)."""

    kind: Kind
    middle: tuple[float, float, float]
    half: tuple[float, float, float]
    surface: Surface
    #: Its top, where that is another: the lid of a box or a cylinder.
    top: Surface | None = None
    #: How ragged its outline is, 0 for smooth.
    ragged: float = 0.0
    #: Shines by itself at night.
    is_lamp: bool = False
    #: The user's picture hangs on its front.
    has_picture: bool = False
    #: Whether a walker is stopped by it.
    is_obstacle: bool = True
    tint: tuple[float, float, float] = field(default=(1.0, 1.0, 1.0))


_IRON = (0.10, 0.10, 0.11)


def box(x: tuple[float, float], y: tuple[float, float], z: tuple[float, float], surface: Surface, **more: object) -> Solid:
    middle = ((x[0] + x[1]) / 2, (y[0] + y[1]) / 2, (z[0] + z[1]) / 2)
    half = ((x[1] - x[0]) / 2, (y[1] - y[0]) / 2, (z[1] - z[0]) / 2)
    return Solid(Kind.BOX, middle, half, surface, **more)  # type: ignore[arg-type]


def cylinder(x: float, z: float, radius: float, y: tuple[float, float], surface: Surface, **more: object) -> Solid:
    middle, half = (x, (y[0] + y[1]) / 2, z), (radius, (y[1] - y[0]) / 2, radius)
    return Solid(Kind.CYLINDER, middle, half, surface, **more)  # type: ignore[arg-type]


def ellipsoid(x: float, y: float, z: float, radii: tuple[float, float, float], surface: Surface, **more: object) -> Solid:
    return Solid(Kind.ELLIPSOID, (x, y, z), radii, surface, **more)  # type: ignore[arg-type]


def garden(picture_size: tuple[float, float]) -> list[Solid]:
    """Everything that stands in the garden; the picture is so wide and so high."""
    return [
        *_picture_wall(picture_size),
        *_fountain(),
        *_colonnade(-1.0),
        *_colonnade(1.0),
        *_gate(),
        *_hedges(),
        *_trees(),
        *_lanterns(),
        *_benches(),
    ]


def lamp_places(solids: list[Solid]) -> np.ndarray:
    """Where light comes from at night (n, 3)."""
    return np.array([solid.middle for solid in solids if solid.is_lamp])


def _picture_wall(size: tuple[float, float]) -> list[Solid]:
    x, y, z = PICTURE_MIDDLE
    width, height = size[0] / 2 + PICTURE_FRAME, size[1] / 2 + PICTURE_FRAME
    return [
        box((x - 1.5, x + 1.5), (0.0, 2.85), (z, z + 0.35), Surface.PLASTER, top=Surface.STONE),
        box((x - 1.6, x + 1.6), (2.85, 2.97), (z - 0.08, z + 0.43), Surface.STONE),
        box((x - 1.57, x + 1.57), (0.0, 0.22), (z - 0.06, z + 0.41), Surface.STONE),
        box((x - width, x + width), (y - height, y + height), (z - 0.05, z), Surface.WOOD, has_picture=True),
    ]


def _fountain() -> list[Solid]:
    x, z = FOUNTAIN
    return [
        cylinder(x, z, BASIN_RADIUS, (0.0, BASIN_HEIGHT), Surface.STONE),
        cylinder(x, z, 0.34, (0.0, 1.05), Surface.STONE, is_obstacle=False),
        ellipsoid(x, 1.15, z, (1.05, 0.2, 1.05), Surface.STONE, is_obstacle=False),
        cylinder(x, z, 0.13, (1.1, 1.75), Surface.STONE, is_obstacle=False),
        ellipsoid(x, 1.86, z, (0.24, 0.28, 0.24), Surface.STONE, is_obstacle=False),
    ]


def _colonnade(side: float) -> list[Solid]:
    inner, outer = 10.4 * side, 14.0 * side
    across = (min(inner, outer), max(inner, outer))
    solids = [
        box(across, (3.15, 3.45), (-6.0, 23.0), Surface.PLASTER, top=Surface.ROOF, is_obstacle=False),
        box((across[0] - 0.12, across[1] + 0.12), (3.45, 3.6), (-6.1, 23.1), Surface.ROOF, is_obstacle=False),
    ]
    for z in np.arange(-4.5, 23.0, 3.35):
        solids.append(cylinder(10.75 * side, float(z), 0.25, (0.18, 3.15), Surface.STONE))
        solids.append(box((10.75 * side - 0.36, 10.75 * side + 0.36), (0.0, 0.18), (float(z) - 0.36, float(z) + 0.36), Surface.STONE))
    return solids


def _gate() -> list[Solid]:
    z = (24.0, 25.2)
    solids = [
        box((-7.0, -1.7), (0.0, 4.8), z, Surface.BRICK, top=Surface.STONE),
        box((1.7, 7.0), (0.0, 4.8), z, Surface.BRICK, top=Surface.STONE),
        box((-1.7, 1.7), (3.3, 4.8), z, Surface.BRICK, top=Surface.STONE, is_obstacle=False),
        box((-7.2, 7.2), (4.8, 5.05), (23.85, 25.35), Surface.STONE, is_obstacle=False),
        box((-2.0, -1.55), (0.0, 3.45), (23.88, 25.32), Surface.STONE),
        box((1.55, 2.0), (0.0, 3.45), (23.88, 25.32), Surface.STONE),
    ]
    for x in (-7.6, 7.6):
        solids.append(cylinder(x, 24.6, 1.5, (0.0, 6.6), Surface.BRICK))
        solids.append(cylinder(x, 24.6, 1.68, (6.6, 6.9), Surface.STONE, is_obstacle=False))
        solids.append(ellipsoid(x, 6.9, 24.6, (1.6, 2.0, 1.6), Surface.ROOF, is_obstacle=False))
    return solids


def _hedges() -> list[Solid]:
    solids = []
    for side in (-1.0, 1.0):
        for near, far in ((1.2, 6.6), (18.4, 23.0)):
            across = sorted((1.45 * side, 2.05 * side))
            solids.append(box((across[0], across[1]), (0.0, 0.6), (near, far), Surface.LEAVES, ragged=0.2))
        for z in (12.2, 15.2):
            across = sorted((4.7 * side, 8.9 * side))
            solids.append(box((across[0], across[1]), (0.0, 0.7), (z, z + 0.6), Surface.LEAVES, ragged=0.2))
    return solids


def _trees() -> list[Solid]:
    solids: list[Solid] = []
    for x, z, size in ((-5.4, 8.6, 1.0), (-6.2, 19.6, 1.15), (6.6, 10.2, 1.05), (0.6, 31.2, 1.35), (-8.4, 30.4, 1.0), (6.4, 20.4, 0.95)):
        solids.append(cylinder(x, z, 0.2 * size, (0.0, 2.3 * size), Surface.BARK))
        for dx, dy, dz, radius in ((0.0, 3.2, 0.0, 1.45), (-0.9, 2.8, 0.35, 1.05), (0.85, 2.75, -0.3, 1.1), (0.15, 4.1, 0.1, 1.0)):
            radii = (radius * size, radius * 0.86 * size, radius * size)
            middle = (x + dx * size, dy * size, z + dz * size)
            solids.append(ellipsoid(*middle, radii, Surface.LEAVES, ragged=0.5, is_obstacle=False, tint=(1.08, 1.0, 0.9)))
    for x, z in ((-3.3, 4.4), (-8.6, 3.0), (8.8, 3.2), (-9.0, 13.7), (9.0, 13.7), (-3.2, 22.2), (3.2, 22.2), (-4.0, 28.0), (4.4, 28.0), (9.0, 32.0)):
        solids.append(cylinder(x, z, 0.12, (0.0, 0.6), Surface.BARK))
        solids.append(ellipsoid(x, 2.55, z, (0.56, 2.2, 0.56), Surface.LEAVES, ragged=0.35, is_obstacle=False, tint=(0.62, 0.82, 0.72)))
    return solids


def _lanterns() -> list[Solid]:
    solids = []
    for x, z in ((-1.75, 7.4), (2.3, 17.6), (-2.3, 17.6), (-9.9, 8.9), (9.9, 8.9), (-2.6, 23.5), (2.6, 23.5), (-3.6, 11.2)):
        solids.append(cylinder(x, z, 0.045, (0.0, 2.1), Surface.STONE, tint=_IRON))
        solids.append(box((x - 0.12, x + 0.12), (2.1, 2.42), (z - 0.12, z + 0.12), Surface.PLASTER, is_lamp=True, is_obstacle=False))
        solids.append(box((x - 0.17, x + 0.17), (2.42, 2.48), (z - 0.17, z + 0.17), Surface.STONE, is_obstacle=False, tint=_IRON))
    return solids


def _benches() -> list[Solid]:
    solids = []
    for x, z in ((-4.0, 17.4), (5.2, 9.4), (4.0, 17.4), (0.6, 28.6)):
        solids.append(box((x - 0.85, x + 0.85), (0.38, 0.46), (z - 0.24, z + 0.24), Surface.WOOD))
        for leg in (-0.65, 0.65):
            solids.append(box((x + leg - 0.09, x + leg + 0.09), (0.0, 0.38), (z - 0.2, z + 0.2), Surface.STONE))
    return solids
