"""The picture that a session begins with when nobody gives one: a path over a meadow to hills, drawn."""

from __future__ import annotations

import numpy as np

WIDTH, HEIGHT = 832, 480
_HORIZON = 210
_SKY_TOP, _SKY_LOW = (92, 148, 214), (214, 230, 240)
_HILLS, _MEADOW_FAR, _MEADOW_NEAR = (104, 132, 150), (150, 178, 96), (70, 120, 48)
_PATH_FAR, _PATH_NEAR = (206, 188, 148), (168, 140, 100)


def draw_default_image() -> np.ndarray:
    """RGB, 480 × 832 × 3, uint8; always the same."""
    rows = np.arange(HEIGHT, dtype=np.float64)[:, None]
    columns = np.arange(WIDTH, dtype=np.float64)[None, :]
    height = np.clip(rows / _HORIZON, 0, 1)
    picture = np.repeat(_mixed(_SKY_TOP, _SKY_LOW, height), WIDTH, axis=1)
    ridge = _HORIZON - 34 - 26 * np.sin(columns / 97) - 13 * np.sin(columns / 41 + 1)
    picture = np.where(((rows > ridge) & (rows < _HORIZON))[..., None], np.asarray(_HILLS, np.float64), picture)
    depth = np.clip((rows - _HORIZON) / (HEIGHT - _HORIZON), 0, 1)
    ground = np.repeat(_mixed(_MEADOW_FAR, _MEADOW_NEAR, depth), WIDTH, axis=1)
    grain = np.random.default_rng(7).normal(0, 1, (HEIGHT, WIDTH, 1)) * 14 * depth[..., None]
    middle = WIDTH / 2 + 60 * (1 - depth) * np.sin(depth * 5)
    on_path = np.abs(columns - middle) < 6 + 190 * depth
    ground = np.where(on_path[..., None], np.repeat(_mixed(_PATH_FAR, _PATH_NEAR, depth), WIDTH, axis=1), ground) + grain
    picture = np.where((rows >= _HORIZON)[..., None], ground, picture)
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)


def _mixed(first: "tuple[int, ...]", second: "tuple[int, ...]", share: np.ndarray) -> np.ndarray:
    """From one colour to the other; `share` is rows × 1."""
    return np.asarray(first, np.float64) * (1 - share)[..., None] + np.asarray(second, np.float64) * share[..., None]
