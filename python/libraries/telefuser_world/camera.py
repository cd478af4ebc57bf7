"""The camera that keys move: a pose that is carried on from video frame to video frame, and from chunk to chunk."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Callable, Collection

import numpy as np

from .frames import FRAMES_PER_LATENT

#: Where the camera may be that was there (3,) and wants to go there (3,): a world's collisions.
Constrain = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class CameraSteps:
    """How far a held key moves the camera in one latent frame; in a video frame it is a quarter of that."""

    #: Forward and backward, in units of the world.
    move: float = 0.18
    #: To the left and to the right.
    lateral: float = 0.12
    yaw_degrees: float = 10.0
    pitch_degrees: float = 10.0
    #: The camera looks no higher and no lower than this.
    pitch_limit_degrees: float = 85.0


def _origin() -> np.ndarray:
    return np.eye(4)


@dataclass(frozen=True)
class Camera:
    """Where the camera is (4, 4), and how far up it looks (radians), which the limit is for."""

    pose: np.ndarray = field(default_factory=_origin)
    pitch: float = 0.0

    @classmethod
    def at(cls, pose: np.ndarray) -> Camera:
        """The camera at a pose that came from elsewhere."""
        # Forward is the third column, and y points down.
        return cls(pose, math.asin(max(-1.0, min(1.0, -float(pose[1, 2])))))


@dataclass(frozen=True)
class Walk:
    """A chunk's way: the pose of each of its latent frames (latents, 4, 4), and the camera after it."""

    latent_poses: np.ndarray
    camera: Camera


def step_camera(camera: Camera, controls: Collection[str], steps: CameraSteps, constrain: Constrain | None = None) -> Camera:
    """
    One video frame on. First the camera turns: yaw about the world's vertical, so that the horizon stays level, and pitch about the camera's
    own x axis. Then it moves along the ground, whatever it looks at: forward and sideways as it now stands. Keys add up, opposite ones cancel.
    """
    yaw = math.radians(steps.yaw_degrees) / FRAMES_PER_LATENT * _balance(controls, "l", "j")
    pitch = camera.pitch + math.radians(steps.pitch_degrees) / FRAMES_PER_LATENT * _balance(controls, "i", "k")
    limit = math.radians(steps.pitch_limit_degrees)
    # Who looks beyond the limit already, by a pose of its own, is not torn back.
    pitch = max(min(-limit, camera.pitch), min(max(limit, camera.pitch), pitch))
    pose = np.eye(4)
    pose[:3, :3] = _about_y(yaw) @ camera.pose[:3, :3] @ _about_x(pitch - camera.pitch)
    forward, right = _level(pose[:3, 2]), _level(pose[:3, 0])
    along = steps.move / FRAMES_PER_LATENT * _balance(controls, "w", "s")
    across = steps.lateral / FRAMES_PER_LATENT * _balance(controls, "d", "a")
    here = camera.pose[:3, 3]
    there = here + forward * along + right * across
    pose[:3, 3] = there if constrain is None else constrain(here, there)
    return Camera(pose, pitch)


def walk(
    camera: Camera, controls: Collection[str], steps: CameraSteps, latents: int, *, first: bool, constrain: Constrain | None = None
) -> Walk:
    """
    A chunk of so many latent frames with the same keys held. `first`: the session's first chunk, whose first latent frame is one picture,
    taken where the camera is; every other latent frame is four video frames further on.
    """
    poses = np.empty((latents, 4, 4))
    for latent in range(latents):
        if latent > 0 or not first:
            for _ in range(FRAMES_PER_LATENT):
                camera = step_camera(camera, controls, steps, constrain)
        poses[latent] = camera.pose
    return Walk(poses, camera)


def _balance(controls: Collection[str], plus: str, minus: str) -> int:
    return int(plus in controls) - int(minus in controls)


def _level(direction: np.ndarray) -> np.ndarray:
    """A direction without its height, of length 1; none if it is upright."""
    level = np.array([direction[0], 0.0, direction[2]])
    length = float(np.linalg.norm(level))
    return level / length if length > 1e-6 else np.zeros(3)


def _about_y(angle: float) -> np.ndarray:
    """Turns to the right."""
    cosine, sine = math.cos(angle), math.sin(angle)
    return np.array([[cosine, 0, sine], [0, 1, 0], [-sine, 0, cosine]])


def _about_x(angle: float) -> np.ndarray:
    """Turns upwards."""
    cosine, sine = math.cos(angle), math.sin(angle)
    return np.array([[1, 0, 0], [0, cosine, -sine], [0, sine, cosine]])
