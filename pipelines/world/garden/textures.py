"""What surfaces look like: pictures of stone, grass, leaves and wood, made when the service starts."""

from __future__ import annotations

from enum import IntEnum
from typing import Sequence

import numpy as np

from .noise import fractal, mix, smooth_step


class Surface(IntEnum):
    """A place in the atlas."""

    GROUND = 0
    BRICK = 1
    STONE = 2
    ROOF = 3
    LEAVES = 4
    BARK = 5
    WOOD = 6
    PICTURE = 7
    PLASTER = 8


#: Metres that one tile of a surface covers. The ground and the picture are laid out once.
TILE_METRES = {
    Surface.BRICK: 3.2,
    Surface.STONE: 2.4,
    Surface.ROOF: 2.4,
    Surface.LEAVES: 1.6,
    Surface.BARK: 1.2,
    Surface.WOOD: 1.2,
    Surface.PLASTER: 3.2,
}
_TILE_TEXELS = 512
#: Detail that is laid over all surfaces near the eye.
DETAIL_METRES = 0.9




class Atlas:
    """
    Square textures with sides that are powers of two, each with all its smaller versions, in one flat array: a texel is one number of 32 bits (red,
    green, blue, nothing), which a single lookup fetches.
    """

    def __init__(self, pictures: Sequence[np.ndarray]) -> None:
        """Pictures (size, size, 3), 0 to 1, by `Surface`."""
        self.levels = max(int(picture.shape[0]).bit_length() for picture in pictures)
        self.bases = np.zeros((len(pictures), self.levels), dtype=np.int32)
        self.bits = np.array([int(picture.shape[0]).bit_length() - 1 for picture in pictures], dtype=np.int32)
        parts: list[np.ndarray] = []
        start = 0
        for index, picture in enumerate(pictures):
            for level in range(self.levels):
                self.bases[index, level] = start
                if level > self.bits[index]:
                    # The last one, of a single texel, stands for all that would be smaller.
                    self.bases[index, level] = self.bases[index, level - 1]
                    continue
                packed = pack(picture)
                parts.append(packed)
                start += packed.size
                if picture.shape[0] > 1:
                    picture = (picture[0::2, 0::2] + picture[1::2, 0::2] + picture[0::2, 1::2] + picture[1::2, 1::2]) / 4
        self.texels = np.concatenate(parts)

    def replace(self, surface: Surface, picture: np.ndarray) -> None:
        """Puts another picture of the same size there."""
        for level in range(int(self.bits[surface]) + 1):
            start = int(self.bases[surface, level])
            packed = pack(picture)
            self.texels[start : start + packed.size] = packed
            if picture.shape[0] > 1:
                picture = (picture[0::2, 0::2] + picture[1::2, 0::2] + picture[0::2, 1::2] + picture[1::2, 1::2]) / 4


def pack(picture: np.ndarray) -> np.ndarray:
    """A picture (…, 3), 0 to 1, as flat numbers of 32 bits."""
    bytes_of = np.zeros((*picture.shape[:-1], 4), dtype=np.uint8)
    bytes_of[..., :3] = np.clip(picture * 255 + 0.5, 0, 255)
    return bytes_of.reshape(-1, 4).view(np.uint32).ravel()


def unpack(texels: np.ndarray) -> np.ndarray:
    """Colours (n, 3) float32, 0 to 255, of packed texels (n,)."""
    return texels.view(np.uint8).reshape(-1, 4)[:, :3].astype(np.float32)


def brick() -> np.ndarray:
    """Courses of sandstone, each stone of its own shade, with recessed joints."""
    size, courses, stones = _TILE_TEXELS, 12, 5
    y, x = np.mgrid[:size, :size] / size
    warp = fractal(size, 11, 1.6)
    row = y * courses + warp * 0.035
    course = np.floor(row).astype(int)
    place = x * stones + (course % 2) * 0.5 + fractal(size, 12, 1.6) * 0.02
    stone = np.floor(place).astype(int)
    shade = np.random.default_rng(13).normal(size=(courses, stones + 1, 3)) * np.array([0.014, 0.008, 0.016])
    shade += np.random.default_rng(14).normal(size=(courses, stones + 1, 1)) * 0.055
    colour = np.array([0.78, 0.66, 0.50]) + shade[course % courses, stone % stones]
    colour = colour + (fractal(size, 15, 0.8) * 0.030 + fractal(size, 16, 1.5) * 0.025)[..., None]
    edge = np.minimum(_to_edge(row) * 1.0, _to_edge(place) * courses / stones)
    joint = smooth_step(0.035, 0.10, edge)
    # Light comes from above: the upper edge of a stone catches it.
    relief = smooth_step(0.08, 0.16, row - course) - smooth_step(0.84, 0.94, row - course)
    return np.clip(colour * (0.52 + 0.48 * joint)[..., None] + (0.05 * (1 - relief) * joint - 0.02)[..., None], 0, 1).astype(np.float32)


def stone() -> np.ndarray:
    """Pale dressed stone with veins."""
    size = _TILE_TEXELS
    veins = np.abs(fractal(size, 21, 1.7))
    colour = np.full((size, size, 3), (0.83, 0.80, 0.74)) + (fractal(size, 22, 1.0) * 0.028)[..., None]
    return np.clip(colour - (0.11 * (1 - smooth_step(0.0, 0.16, veins)))[..., None], 0, 1).astype(np.float32)


def plaster() -> np.ndarray:
    """Old lime plaster, stained towards the foot."""
    size = _TILE_TEXELS
    stains = smooth_step(0.3, 2.0, fractal(size, 26, 1.5))
    colour = np.full((size, size, 3), (0.88, 0.82, 0.72)) + (fractal(size, 25, 0.9) * 0.022)[..., None]
    return np.clip(mix(colour, (0.66, 0.58, 0.47), stains * 0.45), 0, 1).astype(np.float32)


def roof() -> np.ndarray:
    """Rows of round terracotta tiles."""
    size, rows, tiles = _TILE_TEXELS, 8, 10
    y, x = np.mgrid[:size, :size] / size
    row, tile = np.floor(y * rows).astype(int), np.floor(x * tiles).astype(int)
    shade = np.random.default_rng(31).normal(size=(rows, tiles, 1)) * 0.055
    colour = np.array([0.68, 0.36, 0.23]) + shade[row, tile] + (fractal(size, 32, 0.9) * 0.03)[..., None]
    round_ = np.sin(np.pi * (x * tiles - tile)) ** 0.6
    lap = smooth_step(0.0, 0.18, y * rows - row)
    return np.clip(colour * ((0.45 + 0.6 * round_) * (0.55 + 0.45 * lap))[..., None], 0, 1).astype(np.float32)


def leaves() -> np.ndarray:
    """Foliage: lit tips over dark depths."""
    size = _TILE_TEXELS
    fine, coarse = fractal(size, 41, 0.5, lowest=14), fractal(size, 42, 1.3)
    height = fine * 0.6 + coarse * 0.6
    colour = mix(np.full((size, size, 3), (0.14, 0.23, 0.09)), (0.50, 0.60, 0.24), smooth_step(-1.1, 1.9, height))
    return np.clip(colour + (fractal(size, 43, 0.2) * 0.03)[..., None], 0, 1).astype(np.float32)


def bark() -> np.ndarray:
    """Ridges that run upwards."""
    size = _TILE_TEXELS
    long_waves = np.repeat(fractal(size // 4, 51, 0.9)[:, :, None], 4, axis=2).reshape(size // 4, size)
    ridges = np.repeat(long_waves, 4, axis=0) + fractal(size, 52, 0.9) * 0.5
    colour = mix(np.full((size, size, 3), (0.20, 0.15, 0.11)), (0.48, 0.38, 0.29), smooth_step(-1.2, 1.6, ridges))
    return colour.astype(np.float32)


def wood() -> np.ndarray:
    """Dark varnished wood, for frames and benches."""
    size = _TILE_TEXELS
    y = np.mgrid[:size, :size][0] / size
    rings = np.sin(2 * np.pi * (y * 14 + fractal(size, 61, 1.8) * 0.35))
    colour = mix(np.full((size, size, 3), (0.30, 0.17, 0.09)), (0.52, 0.32, 0.17), rings * 0.5 + 0.5)
    return np.clip(colour + (fractal(size, 62, 0.7) * 0.02)[..., None], 0, 1).astype(np.float32)


def detail() -> np.ndarray:
    """How much lighter or darker a surface is near by (size, size), about 1."""
    size = _TILE_TEXELS
    return np.clip(1 + fractal(size, 71, 0.45, lowest=6) * 0.085, 0.6, 1.4).astype(np.float32)


def _to_edge(value: np.ndarray) -> np.ndarray:
    """How far a number is from the nearest whole one."""
    share = value - np.floor(value)
    return np.minimum(share, 1 - share)
