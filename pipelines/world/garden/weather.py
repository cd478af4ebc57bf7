"""Time of day and weather, and how a prompt's words choose them."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True)
class Weather:
    """Light in linear units: 1 is a white wall in full sun. Colours are (red, green, blue)."""

    name: str
    #: Where the sun (or the moon) is: degrees round from straight ahead to the right, and degrees up.
    sun_round: float
    sun_up: float
    sun: tuple[float, float, float]
    #: Light from the sky above, and from the ground below.
    sky_light: tuple[float, float, float]
    ground_light: tuple[float, float, float]
    #: Colours of the sky overhead, at the horizon, and round the sun.
    zenith: tuple[float, float, float]
    horizon: tuple[float, float, float]
    glow: tuple[float, float, float]
    clouds: float
    cloud_light: tuple[float, float, float]
    #: Share of the fog's colour after one metre.
    fog: float
    stars: bool = False
    lamps: bool = False
    #: 0 to 1.
    rain: float = 0.0
    snow: float = 0.0
    wet: float = 0.0
    white: float = 0.0
    exposure: float = 1.0

    @property
    def sun_direction(self) -> np.ndarray:
        """To the sun (3,): x right, y up, z ahead."""
        around, up = math.radians(self.sun_round), math.radians(self.sun_up)
        return np.array([math.sin(around) * math.cos(up), math.sin(up), math.cos(around) * math.cos(up)], dtype=np.float32)


DAY = Weather(
    name="day", sun_round=-62, sun_up=40, sun=(2.35, 2.05, 1.62), sky_light=(0.36, 0.45, 0.62), ground_light=(0.25, 0.22, 0.16),
    zenith=(0.075, 0.22, 0.55), horizon=(0.55, 0.68, 0.82), glow=(1.1, 0.9, 0.6), clouds=0.42, cloud_light=(1.0, 0.98, 0.95), fog=0.0035,
)
MORNING = replace(
    DAY, name="morning", sun_round=-75, sun_up=17, sun=(2.2, 1.55, 0.92), sky_light=(0.38, 0.42, 0.52), zenith=(0.12, 0.25, 0.50),
    horizon=(0.85, 0.72, 0.58), glow=(1.9, 1.15, 0.5), clouds=0.35, cloud_light=(1.0, 0.86, 0.74), fog=0.008,
)
SUNSET = replace(
    DAY, name="sunset", sun_round=24, sun_up=7.5, sun=(2.3, 0.98, 0.36), sky_light=(0.30, 0.27, 0.38), ground_light=(0.22, 0.15, 0.11),
    zenith=(0.09, 0.12, 0.31), horizon=(1.0, 0.45, 0.20), glow=(2.8, 1.1, 0.3), clouds=0.5, cloud_light=(1.0, 0.48, 0.30), fog=0.0045, lamps=True, exposure=1.15,
)
NIGHT = replace(
    DAY, name="night", sun_round=-38, sun_up=38, sun=(0.12, 0.16, 0.26), sky_light=(0.030, 0.042, 0.085), ground_light=(0.012, 0.014, 0.022),
    zenith=(0.006, 0.011, 0.034), horizon=(0.030, 0.045, 0.085), glow=(0.18, 0.22, 0.30), clouds=0.22, cloud_light=(0.05, 0.06, 0.09), fog=0.004,
    stars=True, lamps=True, exposure=1.7,
)
OVERCAST = replace(
    DAY, name="overcast", sun=(0.30, 0.30, 0.30), sky_light=(0.66, 0.70, 0.76), ground_light=(0.26, 0.25, 0.23), zenith=(0.38, 0.42, 0.48),
    horizon=(0.62, 0.65, 0.68), glow=(0.12, 0.12, 0.12), clouds=0.97, cloud_light=(0.62, 0.64, 0.67), fog=0.0045,
)

_TIMES = (
    (r"night|midnight|moon\w*|stars?|starry|starlit|nocturn\w*", NIGHT),
    (r"sunset|dusk|evening|twilight|golden hour|sundown", SUNSET),
    (r"sunrise|dawn|morning|daybreak", MORNING),
)
_RAIN = r"rain\w*|storm\w*|drizzle|shower\w*|wet|thunder\w*|downpour"
_SNOW = r"snow\w*|winter\w*|blizzard|frost\w*|ic[ey]"
_FOG = r"fog\w*|mist\w*|haz[ey]"
_CLOUDS = r"cloud\w*|overcast|gr[ae]y sky|gloomy"
_CLEAR = r"clear|cloudless|blue sky|bright blue"


def weather_of(prompt: str) -> Weather:
    """What a prompt asks for: a day with some clouds unless its words say otherwise. Words of time and of weather go together."""
    text = prompt.lower()
    weather = next((weather for pattern, weather in _TIMES if _names(pattern, text)), DAY)
    rain, snow, fog = _names(_RAIN, text), _names(_SNOW, text), _names(_FOG, text)
    if (_names(_CLOUDS, text) or rain or snow) and not _names(_CLEAR, text):
        weather = _overcast(weather)
    if rain:
        weather = replace(weather, name=f"rain, {weather.name}", rain=1.0, wet=1.0, fog=weather.fog * 1.7)
    if snow:
        weather = replace(weather, name=f"snow, {weather.name}", snow=1.0, white=1.0, fog=weather.fog * 1.6)
    if fog:
        weather = replace(weather, name=f"fog, {weather.name}", fog=max(0.045, weather.fog * 5), sun=_scaled(weather.sun, 0.45))
    if _names(_CLEAR, text):
        weather = replace(weather, clouds=0.12)
    return weather


def _names(pattern: str, text: str) -> bool:
    return re.search(rf"\b(?:{pattern})\b", text) is not None


def _scaled(colour: tuple[float, float, float], factor: float) -> tuple[float, float, float]:
    red, green, blue = colour
    return red * factor, green * factor, blue * factor


def _overcast(weather: Weather) -> Weather:
    """The same time of day under clouds, which take the sun and hand on its light from all over the sky."""
    if weather is DAY:
        return OVERCAST
    brightness = sum(weather.horizon) / 3
    grey = tuple(0.35 * level + 0.65 * brightness * shade for level, shade in zip(weather.horizon, (0.94, 1.0, 1.08)))
    return replace(
        weather,
        name=f"overcast {weather.name}",
        sun=_scaled(weather.sun, 0.15),
        zenith=_scaled(grey, 0.62),
        horizon=grey,
        glow=_scaled(weather.glow, 0.12),
        clouds=0.97,
        cloud_light=_scaled(grey, 1.0),
        stars=False,
        fog=weather.fog * 1.3,
    )
