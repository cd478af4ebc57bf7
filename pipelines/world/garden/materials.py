"""Looking surfaces up: which texel of which picture a place on a solid shows."""

from __future__ import annotations

import numpy as np

from . import ground as ground_picture
from .scene import Solid
from .textures import DETAIL_METRES, TILE_METRES, Atlas, Surface, unpack

_DETAIL_SIZE = 512
#: Beyond this nobody sees detail.
_DETAIL_METRES_AWAY = 9.0


class Materials:
    """The garden's atlas, and what of it each solid shows."""

    def __init__(self, atlas: Atlas, detail: np.ndarray, solids: list[Solid]) -> None:
        self.atlas = atlas
        self._detail = detail.ravel().astype(np.float32)
        self.side = np.array([solid.surface for solid in solids], dtype=np.int8)
        self.top = np.array([solid.surface if solid.top is None else solid.top for solid in solids], dtype=np.int8)
        self.tint = np.array([solid.tint for solid in solids], dtype=np.float32)
        size = 1 << int(atlas.bits[Surface.BRICK])
        metres = np.array([TILE_METRES.get(surface, 1.0) for surface in Surface], dtype=np.float32)
        texels = np.array([1 << int(bits) for bits in atlas.bits], dtype=np.float32)
        self.texels_a_metre = texels / metres
        self.texels_a_metre[Surface.GROUND] = ground_picture.SIZE / ground_picture.METRES
        assert size == _DETAIL_SIZE

    def colours(self, surface: np.ndarray, u: np.ndarray, v: np.ndarray, texels_a_pixel: np.ndarray) -> np.ndarray:
        """
        Albedo (n, 3), linear, 0 to 1: of surfaces (n,), at texels (n,) across and down (which wrap round), where a pixel covers so many texels.
        """
        atlas = self.atlas
        # The exponent of a float is the whole part of its logarithm.
        level = (np.maximum(texels_a_pixel, 1).astype(np.float32).view(np.int32) >> 23) - 127
        bits = atlas.bits[surface]
        np.minimum(level, bits, out=level)
        size = (1 << (bits - level)).astype(np.int32)
        column = (u.astype(np.int32) >> level) & (size - 1)
        row = (v.astype(np.int32) >> level) & (size - 1)
        place = atlas.bases[surface, level]
        place = place + row * size + column
        levels = unpack(atlas.texels[place])
        levels *= levels
        levels *= np.float32(1 / 65025)
        return levels

    def detail(self, x: np.ndarray, z: np.ndarray, distance: np.ndarray) -> np.ndarray:
        """How much lighter or darker places (n,) on a surface are near by; about 1."""
        scale = _DETAIL_SIZE / DETAIL_METRES
        column = (x * scale).astype(np.int32) & (_DETAIL_SIZE - 1)
        row = (z * scale).astype(np.int32) & (_DETAIL_SIZE - 1)
        strength = np.clip(1 - distance * np.float32(1 / _DETAIL_METRES_AWAY), 0, 1)
        result: np.ndarray = 1 + (self._detail[row * _DETAIL_SIZE + column] - 1) * strength
        return result
