"""The sky with its clouds, and the hills under it, as a picture that a direction is looked up in."""

from __future__ import annotations

import numpy as np

from .noise import fractal, mix, smooth_step
from .textures import pack, unpack
from .weather import Weather

SIZE = 1024
#: Levels of the picture are roots of light up to this: a sky is brighter than a wall.
BRIGHTEST = 2.2


class Sky:
    """
    The upper half of all directions, on the octahedron: a direction's shares `x / (|x| + |y| + |z|)` and `z / (…)`, turned by 45° so that they fill
    the square. The horizon is its rim.
    """

    def __init__(self) -> None:
        self._noise = fractal(1024, 91, 1.35, lowest=2)
        self._wisps = fractal(1024, 92, 1.7, lowest=3)
        self._ridges = [fractal(1024, 93 + layer, 1.9, lowest=3)[layer] for layer in range(3)]
        self._stars = np.random.default_rng(97)
        self.texels = np.zeros(SIZE * SIZE, dtype=np.uint32)

    def paint(self, weather: Weather) -> None:
        x, y, z = _directions()
        sun = weather.sun_direction
        towards = np.clip(x * sun[0] + y * sun[1] + z * sun[2], 0, 1)
        colour = mix(np.full((*x.shape, 3), weather.zenith, dtype=np.float32), weather.horizon, (1 - y) ** 3.2)
        colour += (towards**7 * 0.28 + towards**60 * 0.35)[..., None] * np.float32(weather.glow)
        if weather.stars:
            colour += self._star_field(y)[..., None]
        colour += (smooth_step(0.99945, 0.99975, towards) * (1.6 if not weather.stars else 0.55) * (weather.clouds < 0.9))[..., None]
        colour = self._with_clouds(colour, weather, x, y, z, towards)
        colour = self._with_hills(colour, weather, x, y, z, towards)
        self.texels = pack(np.sqrt(np.clip(colour / BRIGHTEST, 0, 1)))

    def look_up(self, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Light (n, 3) from directions (n,) each; those that look down see the horizon."""
        up = np.maximum(y, 0)
        share = (SIZE / 2) / (np.abs(x) + up + np.abs(z))
        columns = ((x + z) * share + SIZE / 2).astype(np.int32)
        rows = ((x - z) * share + SIZE / 2).astype(np.int32)
        np.minimum(columns, SIZE - 1, out=columns)
        np.minimum(rows, SIZE - 1, out=rows)
        levels = unpack(self.texels[rows * SIZE + columns])
        levels *= levels
        levels *= BRIGHTEST / 65025
        return levels

    def _with_clouds(self, colour: np.ndarray, weather: Weather, x: np.ndarray, y: np.ndarray, z: np.ndarray, towards: np.ndarray) -> np.ndarray:
        # Clouds lie on a dome that is flat overhead and curves away to the horizon.
        across = 1 / (y + 0.14)
        density = _at(self._noise, x * across * 0.085 + 0.3, z * across * 0.085) + 0.35 * _at(self._noise, x * across * 0.31, z * across * 0.31 + 0.2)
        wisps = _at(self._wisps, x * across * 0.05, z * across * 0.11)
        threshold = 1.35 - 2.75 * weather.clouds
        cover = smooth_step(threshold, threshold + 1.6, density) * smooth_step(0.02, 0.16, y)
        veil = smooth_step(0.4, 2.4, wisps) * 0.35 * smooth_step(0.03, 0.3, y)
        core = smooth_step(threshold + 0.5, threshold + 2.2, density)
        light = np.float32(weather.cloud_light) * (1.06 - 0.36 * core)[..., None] + (towards**5 * 0.30 * (1 - 0.7 * core))[..., None] * np.float32(weather.glow)
        return mix(mix(colour, np.float32(weather.cloud_light), veil), light, cover * 0.94)

    def _with_hills(self, colour: np.ndarray, weather: Weather, x: np.ndarray, y: np.ndarray, z: np.ndarray, towards: np.ndarray) -> np.ndarray:
        around = np.arctan2(x, z) / (2 * np.pi)
        height = y / np.maximum(np.hypot(x, z), 1e-6)
        horizon = np.float32(weather.horizon) + (towards**7 * 0.28)[..., None] * np.float32(weather.glow)
        for layer, (base, relief, haze) in enumerate(((0.155, 0.040, 0.80), (0.115, 0.030, 0.62), (0.075, 0.018, 0.40))):
            ridge = base + relief * _along(self._ridges[layer], around + 0.13 * layer)
            here = smooth_step(0.0, 0.004, ridge - height)
            # Woods by day, white where it has snowed, and bluer the farther away.
            near = np.float32((0.10, 0.14, 0.09)) * (1 - weather.white) + np.float32((0.75, 0.78, 0.82)) * weather.white
            land = near * (np.float32(weather.sky_light) * 1.2 + np.float32(weather.sun) * 0.30)
            colour = mix(colour, land * (1 - haze) + horizon * haze, here)
        return colour

    def _star_field(self, y: np.ndarray) -> np.ndarray:
        field = np.zeros((SIZE, SIZE), dtype=np.float32)
        places = self._stars.integers(1, SIZE - 1, size=(2, 1500))
        field[places[0], places[1]] = self._stars.random(1500) ** 4 * 1.3 + 0.05
        field[places[0][:160] + 1, places[1][:160]] = field[places[0][:160], places[1][:160]] * 0.5
        return field * smooth_step(0.05, 0.3, y)


def _directions() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each texel's middle: x, y (up), z, each (SIZE, SIZE) of length 1 together."""
    rows, columns = (np.mgrid[:SIZE, :SIZE].astype(np.float32) + 0.5) * (2 / SIZE) - 1
    x, z = (columns + rows) / 2, (columns - rows) / 2
    y = np.maximum(1 - np.abs(x) - np.abs(z), 0)
    length = np.sqrt(x * x + y * y + z * z)
    return x / length, y / length, z / length


def _at(noise: np.ndarray, x: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Noise at places, where the whole picture is 1 × 1; between texels it is mixed."""
    size = noise.shape[0]
    x, z = x * size, z * size
    column, row = np.floor(x).astype(np.int32), np.floor(z).astype(np.int32)
    dx, dz = x - column, z - row
    left, right, top, bottom = column % size, (column + 1) % size, row % size, (row + 1) % size
    upper = noise[top, left] * (1 - dx) + noise[top, right] * dx
    lower = noise[bottom, left] * (1 - dx) + noise[bottom, right] * dx
    result: np.ndarray = upper * (1 - dz) + lower * dz
    return result


def _along(line: np.ndarray, around: np.ndarray) -> np.ndarray:
    place = around * line.size
    index = np.floor(place).astype(np.int32)
    share = place - index
    result: np.ndarray = line[index % line.size] * (1 - share) + line[(index + 1) % line.size] * share
    return result
