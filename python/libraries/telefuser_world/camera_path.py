"""The camera of a session from chunk to chunk, and the control tensors along its way."""

from __future__ import annotations

from typing import Any

import numpy as np

from .camera import Camera, CameraSteps, Constrain, walk
from .control_inbox import Order, PosesOrder
from .control_messages import ExplicitPoses
from .control_tensor import ControlGeometry, ControlTensor, action_of, build_control
from .intrinsics import rescale_intrinsics
from .poses import inverse_rigid


class CameraPath:
    """Begins at the origin, and carries position and pitch on across chunks, so that the step over the border is a step like any other."""

    def __init__(self, geometry: ControlGeometry, steps: CameraSteps, intrinsics_size: tuple[int, int] | None = None) -> None:
        """`intrinsics_size` (width, height) is of the pictures for which a client gives intrinsics; without it they are for the geometry's."""
        self._geometry = geometry
        self._steps = steps
        self._intrinsics_size = intrinsics_size
        self.reset()

    def reset(self) -> None:
        """Back to the beginning."""
        self._camera = Camera()
        #: The last pose of the chunk before; None before the first.
        self._previous: np.ndarray | None = None
        #: From the coordinates of a client's poses to the session's.
        self._client_frame: np.ndarray | None = None

    @property
    def camera(self) -> Camera:
        return self._camera

    def follow(self, order: Order, constrain: Constrain | None = None) -> ControlTensor:
        """The control of the next chunk; the camera is at its end afterwards."""
        if isinstance(order, PosesOrder):
            return self._follow_poses(order.command, constrain)
        geometry = self._geometry
        way = walk(
            self._camera, order.controls, self._steps, geometry.chunk_size, first=self._previous is None, constrain=constrain
        )
        action = action_of(order.controls, geometry.chunk_size) if geometry.control_type == "act" else None
        return self._advance(way.latent_poses, way.camera, action=action)

    def _follow_poses(self, command: ExplicitPoses, constrain: Constrain | None) -> ControlTensor:
        """
        A client's poses may be in any coordinates: its first begin where the camera is, as do those that come with a `previous_pose`; later ones
        are in the coordinates of those before them.
        """
        reference = command.previous
        if reference is None and self._previous is None:
            reference = command.poses[0]
        if reference is not None:
            self._client_frame = self._camera.pose @ inverse_rigid(reference)
        poses = command.poses.copy() if self._client_frame is None else self._client_frame @ command.poses
        here = self._camera.pose[:3, 3]
        if constrain is not None:
            for pose in poses:
                here = pose[:3, 3] = constrain(here, pose[:3, 3].copy())
        return self._advance(
            poses,
            Camera.at(poses[-1]),
            action=command.action,
            intrinsics=self._working_intrinsics(command.intrinsics),
            translation_scale=command.translation_scale,
        )

    def _working_intrinsics(self, intrinsics: np.ndarray | None) -> np.ndarray | None:
        if intrinsics is None or self._intrinsics_size is None:
            return intrinsics
        return rescale_intrinsics(intrinsics, self._intrinsics_size, (self._geometry.width, self._geometry.height))

    def _advance(self, poses: np.ndarray, camera: Camera, **details: Any) -> ControlTensor:
        control = build_control(self._geometry, poses, self._previous, **details)
        self._camera, self._previous = camera, poses[-1]
        return control
