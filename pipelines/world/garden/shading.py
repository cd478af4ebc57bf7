"""From what each ray has met to the light that comes back along it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from . import ground as ground_picture
from .materials import Materials
from .noise import fractal
from .rays import GROUND, WALL_X, WALL_Z, WATER, Rays
from .scene import FOUNTAIN, PICTURE_MIDDLE, Kind, Solid, lamp_places
from .shadows import Shadows
from .sky import Sky
from .textures import Surface
from .weather import Weather

_LAMP_COLOUR = np.array([1.0, 0.62, 0.28], dtype=np.float32)
_LAMP_STRENGTH = 1.35
_LAMP_REACH_METRES = 7.0
_RIPPLE_SIZE = 256


@dataclass
class _Points:
    """What was met, a row for each ray that met something."""

    x: np.ndarray
    y: np.ndarray
    z: np.ndarray
    distance: np.ndarray
    met: np.ndarray
    #: Of the surface: towards whoever looks.
    normal: np.ndarray
    #: Texels across and down, and which surface.
    u: np.ndarray
    v: np.ndarray
    surface: np.ndarray


class Shading:
    """Light for one weather."""

    def __init__(self, solids: list[Solid], materials: Materials, picture_size: tuple[float, float]) -> None:
        self._solids = solids
        self._materials = materials
        self._picture_size = picture_size
        self._middle = np.array([solid.middle for solid in solids], dtype=np.float32)
        self._half = np.array([solid.half for solid in solids], dtype=np.float32)
        self._kind = np.array([solid.kind for solid in solids], dtype=np.int8)
        self._ragged = np.array([solid.ragged for solid in solids], dtype=np.float32)
        self._is_lamp = np.array([solid.is_lamp for solid in solids])
        self._has_picture = np.array([solid.has_picture for solid in solids])
        self._lamps = lamp_places(solids).astype(np.float32)
        ripples = fractal(_RIPPLE_SIZE, 101, 1.7, lowest=5, highest=48)
        self._ripples = (np.roll(ripples, 1, 0) - ripples).ravel() * 0.13, (np.roll(ripples, 1, 1) - ripples).ravel() * 0.13

    def light(self, rays: Rays, weather: Weather, sky: Sky, shadows: Shadows | None, pixel_angle: float) -> np.ndarray:
        """Linear light (rows, columns, 3); `pixel_angle` is what a pixel covers, in radians."""
        direction = [np.ascontiguousarray(np.broadcast_to(axis, rays.met.shape)).ravel() for axis in rays.direction]
        met = rays.met.ravel()
        picture = np.empty((met.size, 3), dtype=np.float32)
        open_sky = met == -1
        above = np.flatnonzero(open_sky)
        picture[above] = sky.look_up(*(axis[above] for axis in direction))
        below = np.flatnonzero(~open_sky)
        if below.size > 0:
            along = [axis[below] for axis in direction]
            points = self._points(rays, met[below], below, along)
            colours = self._colours(points, along, weather, sky, shadows, pixel_angle)
            picture[below] = self._through_fog(colours, points, along, weather)
        return picture.reshape(*rays.met.shape, 3)

    # What was met.

    def _points(self, rays: Rays, met: np.ndarray, below: np.ndarray, along: list[np.ndarray]) -> _Points:
        distance = rays.distance.ravel()[below]
        x, y, z = (np.float32(start) + axis * distance for start, axis in zip(rays.origin, along))
        count = met.size
        points = _Points(
            x, y, z, distance, met, np.zeros((3, count), np.float32), np.empty(count, np.float32), np.empty(count, np.float32), np.empty(count, np.int8)
        )
        self._lay_out_flat(points, along)
        solid = np.flatnonzero(met >= 0)
        kinds = self._kind[met[solid]]
        self._lay_out_boxes(points, along, solid[kinds == Kind.BOX])
        self._lay_out_cylinders(points, solid[kinds == Kind.CYLINDER])
        self._lay_out_ellipsoids(points, solid[kinds == Kind.ELLIPSOID])
        return points

    def _lay_out_flat(self, points: _Points, along: list[np.ndarray]) -> None:
        level = np.flatnonzero((points.met == GROUND) | (points.met == WATER))
        scale = self._materials.texels_a_metre[Surface.GROUND]
        points.normal[1, level] = 1
        points.u[level] = np.clip((points.x[level] - ground_picture.ORIGIN[0]) * scale, 0, ground_picture.SIZE - 1)
        points.v[level] = np.clip((points.z[level] - ground_picture.ORIGIN[1]) * scale, 0, ground_picture.SIZE - 1)
        points.surface[level] = Surface.GROUND
        scale = self._materials.texels_a_metre[Surface.BRICK]
        for wall, axis, across in ((WALL_X, 0, points.z), (WALL_Z, 2, points.x)):
            where = np.flatnonzero(points.met == wall)
            points.normal[axis, where] = -np.sign(along[axis][where])
            points.u[where] = across[where] * scale
            points.v[where] = points.y[where] * -scale
            points.surface[where] = Surface.BRICK

    def _lay_out_boxes(self, points: _Points, along: list[np.ndarray], where: np.ndarray) -> None:
        if where.size == 0:
            return
        index = points.met[where]
        half, middle = self._half[index], self._middle[index]
        place = np.stack([points.x[where], points.y[where], points.z[where]], axis=1)
        # The face that a place is on is the one that it is nearest to.
        depth = half - np.abs(place - middle)
        axis = depth.argmin(axis=1)
        for number in range(3):
            on = np.flatnonzero(axis == number)
            points.normal[number, where[on]] = -np.sign(along[number][where[on]])
        is_top = axis == 1
        surface = np.where(is_top, self._materials.top[index], self._materials.side[index])
        scale = self._materials.texels_a_metre[surface]
        points.surface[where] = surface
        points.u[where] = np.where(axis == 0, place[:, 2], place[:, 0]) * scale
        points.v[where] = np.where(is_top, place[:, 2], -place[:, 1]) * scale
        self._hang_picture(points, where[self._has_picture[index] & (axis == 2)])

    def _hang_picture(self, points: _Points, where: np.ndarray) -> None:
        if where.size == 0:
            return
        width, height = self._picture_size
        u = (points.x[where] - PICTURE_MIDDLE[0]) / width + 0.5
        v = (PICTURE_MIDDLE[1] - points.y[where]) / height + 0.5
        inside = (u >= 0) & (u < 1) & (v >= 0) & (v < 1) & (points.normal[2, where] < 0)
        size = 1 << int(self._materials.atlas.bits[Surface.PICTURE])
        on = where[inside]
        points.u[on], points.v[on] = u[inside] * size, v[inside] * size
        points.surface[on] = Surface.PICTURE

    def _lay_out_cylinders(self, points: _Points, where: np.ndarray) -> None:
        if where.size == 0:
            return
        index = points.met[where]
        middle, half = self._middle[index], self._half[index]
        dx, dz = points.x[where] - middle[:, 0], points.z[where] - middle[:, 2]
        top = points.y[where] > middle[:, 1] + half[:, 1] - 1e-3
        points.normal[0, where] = np.where(top, 0, dx / half[:, 0])
        points.normal[1, where] = top
        points.normal[2, where] = np.where(top, 0, dz / half[:, 0])
        surface = self._materials.side[index]
        scale = self._materials.texels_a_metre[surface]
        points.surface[where] = surface
        points.u[where] = np.where(top, points.x[where], np.arctan2(dx, dz) * half[:, 0]) * scale
        points.v[where] = np.where(top, points.z[where], -points.y[where]) * scale

    def _lay_out_ellipsoids(self, points: _Points, where: np.ndarray) -> None:
        if where.size == 0:
            return
        index = points.met[where]
        place = np.stack([points.x[where], points.y[where], points.z[where]])
        normal = (place - self._middle[index].T) / (self._half[index].T ** 2)
        normal /= np.sqrt((normal * normal).sum(axis=0))
        # Leaves look in all directions.
        rough = self._ragged[index] * 0.9
        for axis, (first, second) in enumerate(((1, 2), (2, 0), (0, 1))):
            normal[axis] += rough * np.sin(place[first] * 23 + place[axis] * 31) * np.sin(place[second] * 27 + place[first] * 11) * 0.8
        normal /= np.sqrt((normal * normal).sum(axis=0))
        points.normal[:, where] = normal
        surface = self._materials.side[index]
        scale = self._materials.texels_a_metre[surface]
        points.surface[where] = surface
        points.u[where] = (place[0] + place[2] * 0.9) * scale
        points.v[where] = (place[2] * 0.4 - place[1]) * scale

    # How much light it sends back.

    def _colours(
        self, points: _Points, along: list[np.ndarray], weather: Weather, sky: Sky, shadows: Shadows | None, pixel_angle: float
    ) -> np.ndarray:
        normal = points.normal
        facing = np.abs(normal[0] * along[0] + normal[1] * along[1] + normal[2] * along[2])
        scale = self._materials.texels_a_metre[points.surface]
        in_picture = points.surface == Surface.PICTURE
        if in_picture.any():
            size = 1 << int(self._materials.atlas.bits[Surface.PICTURE])
            scale = np.where(in_picture, np.float32(size / max(self._picture_size)), scale)
        spread = points.distance * scale * np.float32(pixel_angle) / np.sqrt(np.maximum(facing, 0.02))
        albedo = self._materials.colours(points.surface, points.u, points.v, spread)
        solid = points.met >= 0
        albedo[solid] *= self._materials.tint[points.met[solid]]
        near = self._materials.detail(points.x + points.y * 0.7, points.z + points.y * 0.7, points.distance)
        near[in_picture] = 1
        albedo *= near[:, None]
        if weather.white > 0:
            cover = np.clip(normal[1] * 1.6 - 0.25, 0, 1) * np.float32(weather.white * 0.92)
            cover *= np.minimum(near * near, 1)
            albedo += (np.array([0.82, 0.85, 0.90], dtype=np.float32) - albedo) * cover[:, None]
        if weather.wet > 0:
            albedo *= np.where(points.met == GROUND, np.float32(1 - 0.45 * weather.wet), np.float32(1 - 0.2 * weather.wet))[:, None]
        light = self._sun_and_sky(points, weather, shadows)
        if weather.lamps:
            light += self._lamp_light(points)
        # The picture has a lamp of its own above it.
        light[in_picture] = np.maximum(light[in_picture], np.float32(0.62 / weather.exposure))
        colours = albedo * light
        if weather.lamps:
            shining = np.flatnonzero(solid)
            shining = shining[self._is_lamp[points.met[shining]]]
            colours[shining] = _LAMP_COLOUR * np.float32(2.6 / weather.exposure)
        self._reflect(points, along, colours, weather, sky)
        return colours

    def _sun_and_sky(self, points: _Points, weather: Weather, shadows: Shadows | None) -> np.ndarray:
        normal, sun = points.normal, weather.sun_direction
        up = (normal[1] * 0.5 + 0.5)[:, None]
        above, below = np.float32(weather.sky_light), np.float32(weather.ground_light)
        light = below + (above - below) * up
        # Near the ground a wall sees less of the sky, and under a roof there is little of it.
        low = 0.55 + 0.45 * np.minimum(points.y * np.float32(1 / 0.9), 1)
        light *= np.where(normal[1] > 0.5, 1, low)[:, None]
        roofed = (np.abs(points.x) > 10.3) & (points.y < 3.2) & (points.z < 23.0)
        light[roofed] *= np.float32(0.5)
        towards = normal[0] * sun[0] + normal[1] * sun[1] + normal[2] * sun[2]
        if shadows is not None:
            lit = np.flatnonzero(towards > 0.01)
            # Taken a little off the surface, so that it is not in its own shadow.
            place = [axis[lit] + normal[number, lit] * np.float32(0.03) for number, axis in enumerate((points.x, points.y, points.z))]
            share = shadows.light_at(*place) * towards[lit]
            light[lit] += share[:, None] * np.float32(weather.sun)
        return light

    def _lamp_light(self, points: _Points) -> np.ndarray:
        strength = np.zeros(points.x.size, dtype=np.float32)
        near = np.flatnonzero(points.distance < 40)
        x, y, z = points.x[near], points.y[near], points.z[near]
        normal = points.normal[:, near]
        total = np.zeros(near.size, dtype=np.float32)
        for lamp in self._lamps:
            dx, dy, dz = lamp[0] - x, lamp[1] - y, lamp[2] - z
            squared = dx * dx + dy * dy + dz * dz + np.float32(0.05)
            facing = (normal[0] * dx + normal[1] * dy + normal[2] * dz) / np.sqrt(squared)
            fade = np.maximum(1 - squared * np.float32(1 / _LAMP_REACH_METRES**2), 0)
            total += np.maximum(facing * 0.85 + 0.15, 0) * fade * fade / (squared + np.float32(0.6))
        strength[near] = total * _LAMP_STRENGTH
        return strength[:, None] * _LAMP_COLOUR

    def _reflect(self, points: _Points, along: list[np.ndarray], colours: np.ndarray, weather: Weather, sky: Sky) -> None:
        """The sky in the water, and on wet ground."""
        where = np.flatnonzero(points.met == WATER)
        if where.size > 0:
            dx, dy, dz = (axis[where] for axis in along)
            scale = _RIPPLE_SIZE / 3.2
            place = ((points.z[where] * scale).astype(np.int32) & 255) * _RIPPLE_SIZE + ((points.x[where] * scale).astype(np.int32) & 255)
            tilt_x, tilt_z = self._ripples[0][place], self._ripples[1][place]
            mirrored = sky.look_up(dx + tilt_x, np.abs(dy), dz + tilt_z)
            fresnel = (0.04 + 0.96 * (1 - np.minimum(np.abs(dy), 1)) ** 4)[:, None]
            shade = np.hypot(points.x[where] - FOUNTAIN[0], points.z[where] - FOUNTAIN[1])[:, None]
            deep = np.array([0.018, 0.075, 0.075], dtype=np.float32) * (np.float32(weather.sky_light) * 2) * (0.6 + 0.25 * shade)
            colours[where] = deep * (1 - fresnel) + mirrored * fresnel
        if weather.wet > 0:
            where = np.flatnonzero((points.met == GROUND) & (points.distance < 30))
            dx, dy, dz = (axis[where] for axis in along)
            mirrored = sky.look_up(dx, np.abs(dy), dz)
            sheen = (1 - np.minimum(np.abs(dy), 1)) ** 5 * np.float32(0.55 * weather.wet)
            colours[where] += mirrored * sheen[:, None]

    def _through_fog(self, colours: np.ndarray, points: _Points, along: list[np.ndarray], weather: Weather) -> np.ndarray:
        share = 1 - np.exp(points.distance * np.float32(-weather.fog))
        sun = weather.sun_direction
        towards = np.maximum(along[0] * sun[0] + along[1] * sun[1] + along[2] * sun[2], 0) ** 7 * np.float32(0.28)
        air = np.float32(weather.horizon) + towards[:, None] * np.float32(weather.glow)
        colours += (air - colours) * share[:, None]
        return colours
