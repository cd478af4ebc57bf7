"""
What the model is told of a chunk's camera: a ray for each pixel, folded into the latent grid.

The six channels of `cam` are where the ray begins (x, y, z) and its unit direction (x, y, z), both as seen from the latent frame before. (The
model's authors call them Plücker embeddings; a Plücker line has the moment in place of the beginning.) The seven of `act` are the direction and the
four columns of an action. Pure functions; poses are float64, tensors float32.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np

from .errors import ControlError
from .frames import FRAMES_PER_LATENT, frame_count
from .keys import MOVE_CONTROLS
from .poses import normalise_translation, read_numbers, relative_poses

#: Pixels of a picture to one of the latent grid, across and down.
LATENT_STRIDE = 8
CONTROL_TYPES = ("cam", "act")
#: By how much a model of this kind is told to move, where the longest step of a chunk counts 1 without it.
DEFAULT_TRANSLATION_SCALE = 3.0

_RAY_CHANNELS = 6


@dataclass(frozen=True)
class ControlGeometry:
    """What stays the same for a session. `width` and `height` are multiples of 8, `intrinsics` (4,) is in pixels of that size."""

    width: int
    height: int
    chunk_size: int
    intrinsics: np.ndarray
    control_type: str = "cam"
    translation_scale: float = DEFAULT_TRANSLATION_SCALE

    @property
    def latent_width(self) -> int:
        return self.width // LATENT_STRIDE

    @property
    def latent_height(self) -> int:
        return self.height // LATENT_STRIDE

    @property
    def channels(self) -> int:
        """A pixel's, before they are folded."""
        return _RAY_CHANNELS if self.control_type == "cam" else 3 + len(MOVE_CONTROLS)

    @property
    def tensor_shape(self) -> tuple[int, int, int, int, int]:
        return (1, self.channels * LATENT_STRIDE**2, self.chunk_size, self.latent_height, self.latent_width)


@dataclass(frozen=True)
class ControlTensor:
    """A chunk's control: float32 (1, channels · 64, latent frames, height / 8, width / 8)."""

    tensor: np.ndarray
    #: The longest step of the chunk, in units of the poses. A ray's beginning times `translation_unit / translation_scale` is its true place.
    translation_unit: float
    translation_scale: float


def plucker_rays(poses: np.ndarray, intrinsics: np.ndarray, width: int, height: int) -> np.ndarray:
    """
    The rays of every pixel's middle, (n, height, width, 6) float32: where the camera is, and the unit direction, both in the coordinates that the
    poses (n, 4, 4) lead to. `intrinsics` (4,) is in pixels of width × height.
    """
    rays = np.empty((len(poses), _RAY_CHANNELS, height, width), dtype=np.float32)
    focal_x, focal_y, centre_x, centre_y = np.asarray(intrinsics, dtype=np.float64)
    x = ((np.arange(width) + 0.5 - centre_x) / focal_x).astype(np.float32)
    y = ((np.arange(height) + 0.5 - centre_y) / focal_y).astype(np.float32)[:, None]
    shortening = 1 / np.sqrt(x * x + y * y + 1)
    for planes, pose in zip(rays, poses.astype(np.float32)):
        planes[:3] = pose[:3, 3, None, None]
        for plane, (right, down, forward) in zip(planes[3:], pose[:3, :3]):
            np.add(x * right + forward, y * down, out=plane)
            plane *= shortening
    return np.moveaxis(rays, 1, -1)


def fold(pixels: np.ndarray, latent_width: int, latent_height: int) -> np.ndarray:
    """
    Pixels (n, height, width, channels) in the latent grid: (1, channels · rows · columns, n, latent height, latent width), where a cell has
    rows × columns pixels. The channels of a cell are, for each channel of a pixel, its rows one after the other.
    """
    count, height, width, channels = pixels.shape
    rows, columns = height // latent_height, width // latent_width
    cells = pixels.reshape(count, latent_height, rows, latent_width, columns, channels)
    folded = np.ascontiguousarray(cells.transpose(5, 2, 4, 0, 1, 3))
    return folded.reshape(1, channels * rows * columns, count, latent_height, latent_width)


def unfold(tensor: np.ndarray, channels: int, stride: int = LATENT_STRIDE) -> np.ndarray:
    """The pixels (n, height, width, channels) that were folded; `stride` is the rows, and the columns, of a cell."""
    _one, _folded, count, latent_height, latent_width = tensor.shape
    cells = tensor.reshape(channels, stride, stride, count, latent_height, latent_width)
    pixels = np.ascontiguousarray(cells.transpose(3, 4, 1, 5, 2, 0))
    return pixels.reshape(count, latent_height * stride, latent_width * stride, channels)


def build_control(
    geometry: ControlGeometry,
    poses: np.ndarray,
    previous: np.ndarray | None,
    *,
    action: np.ndarray | None = None,
    intrinsics: np.ndarray | None = None,
    translation_scale: float | None = None,
) -> ControlTensor:
    """
    The control of a chunk whose latent frames have these poses (chunk size, 4, 4). `previous` is the last pose of the chunk before, None for the
    session's first. `action` (chunk size, 4) is there for `act`, and only for it; `intrinsics` and `translation_scale` take the place of the
    session's. Raises ControlError when `action` does not fit the type.
    """
    scale = geometry.translation_scale if translation_scale is None else translation_scale
    relative, unit = normalise_translation(relative_poses(poses, previous), scale)
    camera = geometry.intrinsics if intrinsics is None else intrinsics
    pixels = plucker_rays(relative, camera, geometry.width, geometry.height)
    if geometry.control_type == "act":
        if action is None:
            raise ControlError("action", "is missing", "this service's control_mode is act: send a row of four numbers for each latent frame")
        rows = np.broadcast_to(action.astype(np.float32)[:, None, None, :], (*pixels.shape[:3], action.shape[1]))
        pixels = np.concatenate([pixels[..., 3:], rows], axis=-1)
    elif action is not None:
        raise ControlError("action", "is not taken", "this service's control_mode is cam: send poses without an action")
    return ControlTensor(fold(pixels, geometry.latent_width, geometry.latent_height), unit, scale)


def action_of(controls: Collection[str], latents: int) -> np.ndarray:
    """The action (latents, 4) of keys that are held: 1 for each of w, a, s, d that is."""
    return np.tile([float(control in controls) for control in MOVE_CONTROLS], (latents, 1))


def check_action(value: Any, latents: int, field: str = "action") -> np.ndarray:
    """A client's action as (latents, 4): a row for each latent frame, or for each video frame, of which every fourth counts. Raises ControlError."""
    rows = read_numbers(value, field)
    columns = len(MOVE_CONTROLS)
    if rows.ndim == 2 and rows.shape[1] == columns:
        if len(rows) == latents:
            return rows
        if len(rows) == frame_count(latents):
            return rows[::FRAMES_PER_LATENT]
    shape = " × ".join(map(str, rows.shape)) or "one number"
    raise ControlError(
        field,
        f"must be {latents} rows (latent frames) or {frame_count(latents)} rows (video frames) of {columns} numbers, not {shape}",
        f"the columns are {', '.join(MOVE_CONTROLS)}",
    )


