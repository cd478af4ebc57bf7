"""A picture of the garden from given rays."""

from __future__ import annotations

import math
from typing import Callable

import numpy as np

from . import textures
from .ground import ground
from .materials import Materials
from .noise import fractal
from .particles import Particles
from .rays import Rays, corners_of
from .scene import BASIN_RADIUS, FOUNTAIN, PICTURE_MAX, WATER_HEIGHT, Solid, garden
from .shading import Shading
from .shadows import Shadows
from .sky import Sky
from .textures import Atlas, Surface
from .tone import to_levels
from .upscale import double
from .view import View
from .weather import Weather

#: Texels of the user's picture, to each side.
PICTURE_TEXELS = 1024
_EDGE_SIZE = 256


def make_atlas(report_progress: Callable[[float, str], None]) -> tuple[Atlas, np.ndarray]:
    """Everything that looks the same in every session: the pictures of surfaces, and the detail over them."""
    makers = {
        Surface.BRICK: textures.brick,
        Surface.STONE: textures.stone,
        Surface.ROOF: textures.roof,
        Surface.LEAVES: textures.leaves,
        Surface.BARK: textures.bark,
        Surface.WOOD: textures.wood,
        Surface.PLASTER: textures.plaster,
    }
    report_progress(0.1, "Laying out the ground")
    pictures = {Surface.GROUND: ground(garden(PICTURE_MAX)), Surface.PICTURE: np.zeros((PICTURE_TEXELS, PICTURE_TEXELS, 3), np.float32)}
    for place, (surface, make) in enumerate(makers.items()):
        report_progress(0.5 + 0.4 * place / len(makers), f"Making {surface.name.lower()}")
        pictures[surface] = make()
    return Atlas([pictures[surface] for surface in Surface]), textures.detail()


class Renderer:
    """One session's garden: with its picture, in its weather. Pictures have an even number of rows and columns."""

    def __init__(self, atlas: Atlas, detail: np.ndarray, image: np.ndarray, width: int, height: int) -> None:
        """`image` (rows, columns, 3) uint8 is hung up."""
        self.width, self.height = width // 2, height // 2
        share = min(PICTURE_MAX[0] / image.shape[1], PICTURE_MAX[1] / image.shape[0])
        size = (image.shape[1] * share, image.shape[0] * share)
        self.solids = garden(size)
        self._corners = np.stack([corners_of(solid) for solid in self.solids])
        x, z = FOUNTAIN
        water = np.array([[x + sx * BASIN_RADIUS, WATER_HEIGHT, z + sz * BASIN_RADIUS] for sx in (-1, 1) for sz in (-1, 1)] * 2)
        self._corners = np.concatenate([self._corners, water[None]]).astype(np.float32)
        self._shading = Shading(self.solids, Materials(atlas, detail, self.solids), size)
        edge = fractal(_EDGE_SIZE, 111, 0.55, lowest=6)
        self._edge = np.clip(edge * 0.28 + 0.5, 0, 1).ravel()
        self._sky = Sky()
        self._particles = Particles(self.width, self.height)

    def set_weather(self, weather: Weather) -> None:
        """Takes a few tenths of a second: the sky is painted, and shadows are cast."""
        self._weather = weather
        self._sky.paint(weather)
        self._shadows = Shadows(self.solids, weather.sun_direction, self._is_ragged)

    def render(self, place: np.ndarray, directions: np.ndarray, axes: np.ndarray, intrinsics: np.ndarray, frame: int) -> np.ndarray:
        """
        A picture (2 · height, 2 · width, 3) uint8. `place` (3,) and `directions` (3, height, width) are the rays; `axes` (3, 3) and `intrinsics` (4,)
        are the camera's that they come from, and only say where not to look. `frame` is for what falls.
        """
        shape = (self.height, self.width)
        x, y, z = (float(axis) for axis in place)
        rays = Rays((x, y, z), (directions[0], directions[1], directions[2]), shape)
        rays.meet_ground()
        rays.meet_walls()
        windows = View(place.astype(np.float32), axes.astype(np.float32), intrinsics, self.width, self.height).windows(self._corners)
        for index, (solid, window) in enumerate(zip(self.solids, windows)):
            if window is not None:
                rays.meet(index, solid, window, self._is_ragged)
        if windows[-1] is not None:
            rays.meet_water(windows[-1])
        light = self._shading.light(rays, self._weather, self._sky, self._shadows, 1 / float(intrinsics[0]))
        self._particles.fall(light, self._weather, frame)
        levels = to_levels(light, self._weather.exposure)
        _soften_outlines(levels, rays.met)
        return double(levels)

    def _is_ragged(self, solid: Solid, x: np.ndarray, y: np.ndarray, z: np.ndarray, facing: np.ndarray) -> np.ndarray:
        """Where leaves leave a gap: the more of them the nearer to the outline."""
        scale = _EDGE_SIZE / 2.2
        # Where there is nothing to meet there may be no place either.
        column = np.nan_to_num((x + z) * scale, nan=0, posinf=0, neginf=0).astype(np.int32) & (_EDGE_SIZE - 1)
        row = np.nan_to_num((y - 0.3 * z) * scale, nan=0, posinf=0, neginf=0).astype(np.int32) & (_EDGE_SIZE - 1)
        gaps: np.ndarray = facing < self._edge[row * _EDGE_SIZE + column] * np.float32(solid.ragged * 1.5)
        return gaps


def _soften_outlines(levels: np.ndarray, met: np.ndarray) -> None:
    """Mixes each pixel (rows, columns, 3) whose neighbour shows another solid with its neighbours, in place: stairs become slopes."""
    here = np.zeros(met.shape, dtype=bool)
    across, down = met[:, 1:] != met[:, :-1], met[1:] != met[:-1]
    here[:, 1:] |= across
    here[:, :-1] |= across
    here[1:] |= down
    here[:-1] |= down
    here[0] = here[-1] = here[:, 0] = here[:, -1] = False
    columns = met.shape[1]
    flat = levels.reshape(-1, 3)
    where = np.flatnonzero(here)
    mixed = flat[where].astype(np.uint16) * 4
    for neighbour in (-1, 1, -columns, columns):
        mixed += flat[where + neighbour]
    flat[where] = (mixed + 4) >> 3


def fitted(image: np.ndarray, resize: Callable[[np.ndarray, int, int], np.ndarray]) -> np.ndarray:
    """An image as the atlas's picture: square, 0 to 1."""
    square = resize(image, PICTURE_TEXELS, PICTURE_TEXELS)
    result: np.ndarray = square.astype(np.float32) / math.nextafter(255.0, 256.0)
    return result
