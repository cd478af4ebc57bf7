"""A walk through the garden, as the control tensors say."""

from __future__ import annotations

from typing import Callable, Iterator

import numpy as np

from telefuser_world.control_tensor import LATENT_STRIDE, ControlGeometry, ControlTensor, build_control
from telefuser_world.errors import ControlError
from telefuser_world.frames import FRAMES_PER_LATENT
from telefuser_world.generator import Report, WorldRequest
from telefuser_world.intrinsics import working_size
from telefuser_world.poses import rotation_matrix, rotation_vector
from telefuser_world.rays import camera_of_rays
from telefuser_world.resize import resize

from .collisions import Collisions
from .renderer import Renderer, fitted, make_atlas
from .scene import EYE_METRES
from .textures import Surface
from .weather import weather_of

#: A held key's step is 0.18 units in a quarter of a second at 16 frames a second. This makes it the pace of somebody who strolls.
METRES_PER_UNIT = 1.8
#: From the camera's coordinates (y down) to the garden's (y up).
_UP = np.diag([1.0, -1.0, 1.0])
#: Wider or higher pictures than this would leave too few rows or columns.
_LONGEST_SHAPE = 3.0


class GardenWalk:
    """One session's run."""

    def __init__(self, renderer: Renderer, request: WorldRequest) -> None:
        self._renderer = renderer
        self._collisions = Collisions(renderer.solids)
        self._geometry = ControlGeometry(request.width, request.height, 1, request.intrinsics)
        self._frame = 0
        self._pose = np.eye(4)
        self._renderer.set_weather(weather_of(request.prompt))

    def generate(self, index: int, control: ControlTensor, applied_controls: tuple[str, ...]) -> Iterator[np.ndarray]:
        """
        Every picture from the tensor's rays, of which there is a set for each latent frame. The three pictures before it are on the way there: their
        rays are the same rays, turned and moved back.
        """
        for latent, rays in enumerate(_half_size(control.tensor)):
            pose, intrinsics = camera_of_rays(rays)
            share = control.translation_unit / control.translation_scale
            step = pose[:3, 3] * share
            turn = rotation_vector(pose[:3, :3])
            # What the camera itself sees, whichever way it is turned.
            own = pose[:3, :3].T
            before = self._pose
            count = 1 if index == 0 and latent == 0 else FRAMES_PER_LATENT
            for number in range(1, count + 1):
                part = number / count
                self._pose = before.copy()
                self._pose[:3, :3] = before[:3, :3] @ rotation_matrix(turn * part)
                self._pose[:3, 3] = before[:3, 3] + before[:3, :3] @ step * part
                yield self._picture(rays[..., 3:], self._pose[:3, :3] @ own, intrinsics)
                self._frame += 1
            self._pose[:3, :3] = _orthonormal(self._pose[:3, :3])

    def preview(self) -> np.ndarray:
        return self._still()

    def set_prompt(self, prompt: str) -> np.ndarray:
        self._renderer.set_weather(weather_of(prompt))
        return self._still()

    def reset_pose(self) -> np.ndarray:
        self._pose = np.eye(4)
        return self._still()

    def constrain(self, here: np.ndarray, there: np.ndarray) -> np.ndarray:
        return self._collisions.constrain(here * METRES_PER_UNIT, there * METRES_PER_UNIT) / METRES_PER_UNIT

    def close(self) -> None:
        """There is nothing to free."""

    def _still(self) -> np.ndarray:
        """Where the camera stands, from the rays of a control tensor for that."""
        rays = _half_size(build_control(self._geometry, np.eye(4)[None], None).tensor)[0]
        pose, intrinsics = camera_of_rays(rays)
        return self._picture(rays[..., 3:], self._pose[:3, :3] @ pose[:3, :3].T, intrinsics)

    def _picture(self, directions: np.ndarray, turn: np.ndarray, intrinsics: np.ndarray) -> np.ndarray:
        """From rays' directions (rows, columns, 3), `turn` (3, 3) of which leads into the session's coordinates."""
        to_garden = (_UP @ turn).astype(np.float32)
        x, y, z = (np.ascontiguousarray(directions[..., axis]) for axis in range(3))
        turned = np.stack([row[0] * x + row[1] * y + row[2] * z for row in to_garden])
        place = _UP @ self._pose[:3, 3] * METRES_PER_UNIT + np.array([0.0, EYE_METRES, 0.0])
        axes = (_UP @ self._pose[:3, :3]).T
        return self._renderer.render(place, turned, axes, intrinsics, self._frame)


class GardenGenerator:
    """Makes walks. CPU only."""

    control_type = "cam"
    fps = 16
    max_latent_frames = None
    begins_at_once = True

    def start(self, report_progress: Callable[[float | None, str], None]) -> None:
        self._atlas, self._detail = make_atlas(report_progress)

    def stop(self) -> None:
        """There is nothing to free."""

    def working_size(self, image_width: int, image_height: int) -> tuple[int, int]:
        return working_size(image_width, image_height)

    def check(self, request: WorldRequest) -> None:
        width, height = request.width, request.height
        if max(width, height) > _LONGEST_SHAPE * min(width, height):
            size = f"{request.image.shape[1]} × {request.image.shape[0]}"
            raise ControlError("image", f"of {size} is too long", f"cut it: the longer side may be {_LONGEST_SHAPE:g} times the shorter one")

    def begin(self, request: WorldRequest, report: Report) -> GardenWalk:
        self._atlas.replace(Surface.PICTURE, fitted(request.image, resize))
        renderer = Renderer(self._atlas, self._detail, request.image, request.width, request.height)
        return GardenWalk(renderer, request)


def _half_size(tensor: np.ndarray) -> np.ndarray:
    """A control tensor's rays (latent frames, height / 2, width / 2, 6): each the mean of four neighbours."""
    _one, channels, count, rows, columns = tensor.shape
    half = LATENT_STRIDE // 2
    cells = tensor.reshape(channels // LATENT_STRIDE**2, half, 2, half, 2, count, rows, columns)
    means = (cells[:, :, 0, :, 0] + cells[:, :, 1, :, 0] + cells[:, :, 0, :, 1] + cells[:, :, 1, :, 1]) * np.float32(0.25)
    # Channel, row in cell, column in cell, latent frame, cell's row, cell's column.
    pixels = np.ascontiguousarray(means.transpose(3, 4, 1, 5, 2, 0))
    return pixels.reshape(count, rows * half, columns * half, -1)


def _orthonormal(rotation: np.ndarray) -> np.ndarray:
    """The nearest rotation, so that what float32 leaves of one does not add up on a long walk."""
    left, _stretch, right = np.linalg.svd(rotation)
    return left @ right
