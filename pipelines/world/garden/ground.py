"""The ground: lawn, gravel, flagstones and what lies in the shade of walls, in one picture of the whole garden."""

from __future__ import annotations

import numpy as np

from .noise import fractal, mix, smooth_step
from .scene import BASIN_RADIUS, FOUNTAIN, WALL, Kind, Solid

SIZE = 2048
#: Metres that the picture covers, and where it begins (x, z).
METRES = 45.0
ORIGIN = (-METRES / 2, -8.0)
_COARSE = 4


def ground(solids: list[Solid]) -> np.ndarray:
    """Albedo (SIZE, SIZE, 3): rows are z, columns x."""
    z, x = (np.mgrid[:SIZE, :SIZE].astype(np.float32) + 0.5) * (METRES / SIZE)
    x, z = x + ORIGIN[0], z + ORIGIN[1]
    fine, middle, broad = (np.tile(fractal(SIZE // 2, seed, slope), (2, 2)) for seed, slope in ((81, 0.35), (82, 0.9), (83, 1.6)))
    picture = _lawn(fine, middle, broad)
    picture = mix(picture, (0.63, 0.57, 0.47), _gravel_share(x, z, middle) * 1.0)
    picture *= (1 + fine * 0.055)[..., None]
    rows, columns = z[:, 0] < 24.2, np.abs(x[0]) < 9.6
    paved = np.ix_(rows, columns)
    flags, where = _flagstones(x[paved], z[paved], fine[paved], middle[paved])
    picture[paved] = mix(picture[paved], flags, where)
    leaves = smooth_step(2.9, 3.3, fine + broad * 0.35)
    picture = mix(picture, (0.55, 0.36, 0.16), leaves * 0.6)
    # Soft, so a quarter of the rows and columns will do.
    shade = _occlusion(x[::_COARSE, ::_COARSE], z[::_COARSE, ::_COARSE], solids).repeat(_COARSE, 0).repeat(_COARSE, 1)
    picture *= shade[..., None]
    return np.clip(picture, 0, 1, out=picture)


def _lawn(fine: np.ndarray, middle: np.ndarray, broad: np.ndarray) -> np.ndarray:
    green = np.full((*fine.shape, 3), (0.30, 0.40, 0.15), dtype=np.float32)
    green = mix(green, (0.44, 0.46, 0.20), smooth_step(-0.6, 2.0, broad) * 0.7)
    green = mix(green, (0.18, 0.29, 0.10), smooth_step(0.2, 2.2, middle) * 0.8)
    return green * (1 + fine * 0.12)[..., None]


def _gravel_share(x: np.ndarray, z: np.ndarray, middle: np.ndarray) -> np.ndarray:
    """Round the fountain, under the colonnades, and between them and the lawn."""
    edge = middle * 0.05
    ring = 1 - smooth_step(BASIN_RADIUS + 1.55, BASIN_RADIUS + 1.7, np.hypot(x - FOUNTAIN[0], z - FOUNTAIN[1]) + edge)
    sides = smooth_step(9.3, 9.45, np.abs(x) + edge) * (z < 23.6)
    gate = (1 - smooth_step(1.15, 1.3, np.abs(z - 24.6 + edge) - 0.9)) * (np.abs(x) < 9)
    return np.maximum(np.maximum(ring, sides), gate)


def _flagstones(x: np.ndarray, z: np.ndarray, fine: np.ndarray, middle: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A path along the middle, one across, a terrace at the near end: slabs of different widths, and where they lie (0 to 1)."""
    edge = middle * 0.02
    along = 1 - smooth_step(1.12, 1.2, np.abs(x) + edge)
    across = (1 - smooth_step(0.95, 1.03, np.abs(z - FOUNTAIN[1]) + edge)) * (np.abs(x) < 9.4)
    terrace = (1 - smooth_step(0.3, 0.38, z + edge)) * (np.abs(x) < 9.4)
    where = np.maximum(np.maximum(along, across), terrace)
    where = where * smooth_step(BASIN_RADIUS + 1.4, BASIN_RADIUS + 1.5, np.hypot(x - FOUNTAIN[0], z - FOUNTAIN[1]) - edge)
    row = np.floor(z / 0.62)
    shift = np.modf(np.abs(np.sin(row * 12.9898) * 43758.547))[0]
    place = x / 0.94 + shift
    slab = np.floor(place)
    shade = np.modf(np.abs(np.sin(row * 78.233 + slab * 37.719) * 43758.547))[0]
    in_row, in_slab = z / 0.62 - row, place - slab
    edge_metres = np.minimum(np.minimum(in_row, 1 - in_row) * 0.62, np.minimum(in_slab, 1 - in_slab) * 0.94)
    joint = smooth_step(0.008, 0.030, edge_metres + fine * 0.003)
    stones = np.array([0.66, 0.61, 0.53], dtype=np.float32) * (0.80 + 0.34 * shade)[..., None]
    stones = stones * (1 + middle * 0.035 + fine * 0.03)[..., None]
    # Moss grows between them.
    return mix(np.full_like(stones, (0.26, 0.28, 0.15)), stones, joint), where


def _occlusion(x: np.ndarray, z: np.ndarray, solids: list[Solid]) -> np.ndarray:
    """How much of the sky the ground sees, near what stands on it."""
    x0, x1, z0, z1 = WALL
    nearest = np.minimum(np.minimum(np.abs(x - x0), np.abs(x - x1)), np.minimum(np.abs(z - z0), np.abs(z - z1)))
    share = 0.55 + 0.45 * smooth_step(0.0, 1.1, nearest)
    for solid in solids:
        if solid.middle[1] - solid.half[1] > 0.3 or solid.half[1] < 0.15:
            continue
        reach = min(0.9, 0.35 + solid.half[1] * 0.5)
        near = (np.abs(x - solid.middle[0]) < solid.half[0] + reach) & (np.abs(z - solid.middle[2]) < solid.half[2] + reach)
        rows, columns = np.flatnonzero(near.any(axis=1)), np.flatnonzero(near.any(axis=0))
        if rows.size == 0 or columns.size == 0:
            continue
        window = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        dx, dz = x[window] - solid.middle[0], z[window] - solid.middle[2]
        if solid.kind is Kind.BOX:
            away = np.hypot(np.maximum(np.abs(dx) - solid.half[0], 0), np.maximum(np.abs(dz) - solid.half[2], 0))
        else:
            away = np.maximum(np.hypot(dx, dz) - solid.half[0], 0)
        share[window] *= 0.5 + 0.5 * smooth_step(0.0, reach, away)
    return share
