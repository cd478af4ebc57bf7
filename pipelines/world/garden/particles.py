"""Rain and snow in front of everything: they fall with the frames that are made, so they stand still when nobody walks."""

from __future__ import annotations

import numpy as np

from .weather import Weather

_LAYERS = 3


class Particles:
    """For pictures (rows, columns, 3) of one size."""

    def __init__(self, width: int, height: int) -> None:
        self._width, self._height = width, height
        generator = np.random.default_rng(201)
        self._rain = [_streaks(generator, width, height, length, count) for length, count in ((9, 420), (15, 240), (24, 110))]
        self._snow = [_flakes(generator, width, height, radius, count) for radius, count in ((0.7, 520), (1.1, 240), (1.8, 90))]

    def fall(self, light: np.ndarray, weather: Weather, frame: int) -> None:
        """Draws into linear light, in place."""
        if weather.rain > 0:
            self._draw(light, self._rain, (31, 43, 58), (3, 4, 6), frame, np.float32(weather.horizon) * 1.1, weather.rain * 0.34)
        if weather.snow > 0:
            self._draw(light, self._snow, (3, 5, 8), (1, -1, 2), frame, np.float32(weather.horizon) * 1.5, weather.snow * 0.9)

    def _draw(
        self,
        light: np.ndarray,
        layers: list[np.ndarray],
        falls: tuple[int, ...],
        drifts: tuple[int, ...],
        frame: int,
        colour: np.ndarray,
        strength: float,
    ) -> None:
        cover = np.zeros((self._height, self._width), dtype=np.float32)
        for layer, fall, drift in zip(layers, falls, drifts):
            down, aside = frame * fall % self._height, frame * drift % self._width
            np.maximum(cover, np.roll(layer, (down, aside), (0, 1)), out=cover)
        cover *= np.float32(strength)
        light += (colour - light) * cover[:, :, None]


def _streaks(generator: np.random.Generator, width: int, height: int, length: int, count: int) -> np.ndarray:
    layer = np.zeros((height, width), dtype=np.float32)
    x, y = generator.integers(0, width, count), generator.integers(0, height, count)
    for step in range(length):
        layer[(y + step) % height, (x + step // 7) % width] = np.sin(np.pi * (step + 0.5) / length)
    return layer


def _flakes(generator: np.random.Generator, width: int, height: int, radius: float, count: int) -> np.ndarray:
    layer = np.zeros((height, width), dtype=np.float32)
    x, y = generator.random(count) * width, generator.random(count) * height
    reach = int(radius + 2)
    for dy in range(-reach, reach + 1):
        for dx in range(-reach, reach + 1):
            column, row = np.floor(x).astype(int) + dx, np.floor(y).astype(int) + dy
            away = np.hypot(column + 0.5 - x, row + 0.5 - y)
            np.maximum.at(layer, (row % height, column % width), np.clip(radius + 0.5 - away, 0, 1))
    return layer
