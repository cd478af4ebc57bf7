"""The picture that hangs in the garden when nobody brought one: a lake between mountains, painted by numbers."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from .noise import fractal, mix, smooth_step

WIDTH, HEIGHT = 832, 480
_HORIZON = 0.56


@lru_cache(maxsize=1)
def painting() -> np.ndarray:
    """RGB (480, 832, 3) uint8. It is painted once."""
    y, x = (np.mgrid[:HEIGHT, :WIDTH].astype(np.float32) + 0.5) / np.float32(HEIGHT)
    waves = fractal(1024, 301, 1.5)
    upper = _upper_half(x, y, waves)
    # The lake shows what is above it, upside down and stirred.
    depth = np.maximum(y - _HORIZON, 0)
    mirrored = np.clip(((_HORIZON - depth * 0.92) * HEIGHT).astype(int), 0, HEIGHT - 1)
    stir = np.sin(y * 150 + waves[:HEIGHT, :WIDTH] * 1.6) * depth * 20
    columns = np.clip(np.arange(WIDTH) + stir, 0, WIDTH - 1).astype(int)
    lake = upper[mirrored, columns] * np.float32(0.82) + np.float32((0.01, 0.03, 0.06))
    picture = np.where((y > _HORIZON)[..., None], lake, upper)
    picture = mix(picture, (0.05, 0.06, 0.07), _shore(x, y))
    brush = fractal(1024, 302, 0.9)[:HEIGHT, :WIDTH] * 0.018
    return np.rint(np.clip(picture + brush[..., None], 0, 1) * 255).astype(np.uint8)


def _upper_half(x: np.ndarray, y: np.ndarray, waves: np.ndarray) -> np.ndarray:
    sky = mix(np.full((*x.shape, 3), (0.16, 0.26, 0.48), dtype=np.float32), (0.98, 0.66, 0.42), smooth_step(0.05, _HORIZON, y))
    sun = np.hypot(x - 1.12, y - 0.42)
    sky = mix(sky, (1.0, 0.93, 0.74), np.exp(-sun * sun * 18) * 0.9)
    sky = mix(sky, (1.0, 0.97, 0.88), 1 - smooth_step(0.040, 0.044, sun))
    clouds = smooth_step(0.5, 2.2, fractal(1024, 303, 1.7, lowest=2)[: HEIGHT * 2 : 2, :WIDTH] + (0.28 - y) * 1.5)
    picture = mix(sky, (0.95, 0.70, 0.62), clouds * 0.75)
    for seed, base, relief, near, snow in (
        (311, 0.36, 0.085, (0.56, 0.47, 0.55), 0.9),
        (312, 0.44, 0.060, (0.33, 0.31, 0.42), 0.35),
        (313, 0.52, 0.030, (0.13, 0.17, 0.20), 0.0),
    ):
        ridge = base - relief * fractal(1024, seed, 2.1, lowest=2)[0, :WIDTH]
        below = y - ridge
        slope = smooth_step(-1.0, 1.4, waves[:HEIGHT, :WIDTH] + fractal(1024, seed + 20, 0.9)[:HEIGHT, :WIDTH] * 0.5)
        land = np.float32(near) * (0.78 + 0.4 * slope)[..., None]
        land = mix(land, (0.97, 0.90, 0.88), snow * (1 - smooth_step(0.015, 0.085, below + waves[:HEIGHT, :WIDTH] * 0.018)) * slope)
        picture = mix(picture, land, smooth_step(0.0, 0.004, below))
    return picture


def _shore(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Reeds and two dark firs at the near left."""
    bank = smooth_step(0, 0.01, y - 0.93 + 0.12 * smooth_step(0.9, 0.0, x) * 1.0 + np.sin(x * 31) * 0.004)
    share = bank
    for middle, foot, height in ((0.20, 0.93, 0.62), (0.36, 0.95, 0.42)):
        up = (foot - y) / height
        layer = up * 9 - np.floor(up * 9)
        width = (1 - up) * 0.105 * height * 1.6 * (1.1 - 0.5 * layer)
        fir = (up > 0) & (up < 1) & (np.abs(x - middle) < width)
        share = np.maximum(share, fir.astype(np.float32) * 0.96)
    return share
