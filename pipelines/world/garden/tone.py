"""From light to levels."""

from __future__ import annotations

import numpy as np

_STEPS = 4096
_BRIGHTEST = 4.0


def _curve() -> np.ndarray:
    """Level of each light from 0 to `_BRIGHTEST`: a filmic curve, which keeps what is bright from being cut off, and the eye's gamma."""
    light = np.linspace(0, _BRIGHTEST, _STEPS) * 0.92
    film = light * (2.51 * light + 0.03) / (light * (2.43 * light + 0.59) + 0.14)
    return np.rint(np.clip(film, 0, 1) ** (1 / 2.2) * 255).astype(np.uint8)


_LEVELS = _curve()


def to_levels(light: np.ndarray, exposure: float) -> np.ndarray:
    """Linear light (…, 3) as levels (…, 3) uint8."""
    steps = light * np.float32(exposure * (_STEPS - 1) / _BRIGHTEST)
    np.clip(steps, 0, _STEPS - 1, out=steps)
    return _LEVELS[steps.astype(np.int16)]
