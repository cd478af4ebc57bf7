"""
Camera poses and what lies between them.

A pose is a 4×4 matrix from camera to world: the columns of its rotation are the camera's right (x), down (y) and forward (z) in the world,
the last column is where the camera is. Pure functions; float64.
"""

from __future__ import annotations

import math
from numbers import Real
from typing import Any

import numpy as np

from .errors import ControlError

#: How far a client's rotation may be from orthonormal: what float32 and a JSON with five digits leave.
_MAX_SKEW = 1e-3
#: Larger numbers of metres are no place.
_MAX_COORDINATE = 1e6


def inverse_rigid(poses: np.ndarray) -> np.ndarray:
    """From world to camera: the inverses of rigid matrices (…, 4, 4)."""
    rotation = np.swapaxes(poses[..., :3, :3], -1, -2)
    inverse = np.zeros_like(poses)
    inverse[..., :3, :3] = rotation
    inverse[..., :3, 3] = -np.einsum("...ij,...j->...i", rotation, poses[..., :3, 3])
    inverse[..., 3, 3] = 1
    return inverse


def relative_poses(poses: np.ndarray, previous: np.ndarray | None = None) -> np.ndarray:
    """
    Each pose (n, 4, 4) seen from the one before it, so that `previous · relative[0] · … · relative[i] = poses[i]`. The first is seen from
    `previous`, the last pose of the chunk before; without one it is the identity.
    """
    before = np.concatenate([(poses[0] if previous is None else previous)[None], poses[:-1]])
    relative: np.ndarray = inverse_rigid(before) @ poses
    if previous is None:
        relative[0] = np.eye(4)
    return relative


def normalise_translation(relative: np.ndarray, scale: float = 1.0) -> tuple[np.ndarray, float]:
    """
    Translations divided by the longest of them and multiplied by `scale`, and that longest (in units of the poses): a model was trained on
    videos whose true scale nobody knew. Where nothing moves, nothing is changed and the longest is 0.
    """
    unit = float(np.linalg.norm(relative[:, :3, 3], axis=-1).max())
    result = relative.copy()
    if unit > 0:
        result[:, :3, 3] *= scale / unit
    return result, unit


def rotation_vector(rotation: np.ndarray) -> np.ndarray:
    """Axis times angle (radians, 0 to π) of a rotation matrix (3, 3)."""
    axis = np.array([rotation[2, 1] - rotation[1, 2], rotation[0, 2] - rotation[2, 0], rotation[1, 0] - rotation[0, 1]]) / 2
    sine, cosine = float(np.linalg.norm(axis)), (float(np.trace(rotation)) - 1) / 2
    angle = math.atan2(sine, cosine)
    if sine > 1e-7:
        return axis * (angle / sine)
    if cosine > 0:
        return axis
    # Half a turn: the axis is in the symmetric part alone.
    outer = (rotation + np.eye(3)) / 2
    column = outer[:, int(np.argmax(np.diagonal(outer)))]
    return column / np.linalg.norm(column) * angle


def rotation_matrix(vector: np.ndarray) -> np.ndarray:
    """The rotation matrix (3, 3) of an axis times an angle in radians (Rodrigues)."""
    angle = float(np.linalg.norm(vector))
    if angle < 1e-12:
        return np.eye(3)
    x, y, z = vector / angle
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + math.sin(angle) * cross + (1 - math.cos(angle)) * (cross @ cross)


def between(first: np.ndarray, second: np.ndarray, share: float) -> np.ndarray:
    """The pose (4, 4) on the way from one to another: its place on the straight line, its rotation on the shortest turn. 0 and 1 are the ends."""
    pose = np.eye(4)
    turn = rotation_vector(first[:3, :3].T @ second[:3, :3])
    pose[:3, :3] = first[:3, :3] @ rotation_matrix(turn * share)
    pose[:3, 3] = first[:3, 3] + (second[:3, 3] - first[:3, 3]) * share
    return pose


def resample_poses(poses: np.ndarray, count: int) -> np.ndarray:
    """So many poses (count, 4, 4), evenly along a path (n, 4, 4): from video rate to latent rate, for one. The ends stay the ends."""
    result = np.empty((count, 4, 4))
    for place, at in enumerate(np.linspace(0, len(poses) - 1, count)):
        index = min(int(at), len(poses) - 2) if len(poses) > 1 else 0
        result[place] = between(poses[index], poses[min(index + 1, len(poses) - 1)], at - index)
    return result


def check_poses(value: Any, count: int, field: str = "poses") -> np.ndarray:
    """A client's list of so many poses, as (count, 4, 4). Raises ControlError."""
    poses = read_numbers(value, field)
    if poses.shape != (count, 4, 4):
        shape = " × ".join(map(str, poses.shape)) or "one number"
        raise ControlError(field, f"must be {count} matrices of 4 × 4 numbers, not {shape}", "send one pose from camera to world for each latent frame")
    rotation = poses[:, :3, :3]
    # Products of large numbers may be infinite, and then no number: what cannot be compared is not within the limits.
    with np.errstate(all="ignore"):
        skew = np.abs(rotation @ np.swapaxes(rotation, -1, -2) - np.eye(3)).max()
        last_row = np.abs(poses[:, 3] - np.array([0.0, 0.0, 0.0, 1.0])).max()
        is_rigid = skew <= _MAX_SKEW and last_row <= _MAX_SKEW and (np.linalg.det(rotation) > 0).all()
    if not is_rigid:
        raise ControlError(field, "must hold rigid motions", "give orthonormal rotations without a mirror, and (0, 0, 0, 1) as the last row")
    if np.abs(poses[:, :3, 3]).max() > _MAX_COORDINATE:
        raise ControlError(field, f"has a place more than {_MAX_COORDINATE:g} away", "give places in metres from the first camera")
    return _orthonormal(poses)


def read_numbers(value: Any, field: str) -> np.ndarray:
    """A client's nested lists of numbers as an array of float64. Raises ControlError."""
    array: np.ndarray | None = None
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        pass
    # numpy takes texts and truth values for numbers as well.
    if array is None or not _are_numbers(value):
        raise ControlError(field, "must be lists of numbers of equal length", "send numbers only")
    if not np.isfinite(array).all():
        raise ControlError(field, "has a number that is not finite", "send finite numbers only")
    return array


def _are_numbers(value: Any) -> bool:
    if isinstance(value, np.ndarray):
        return value.dtype.kind in "iuf"
    if isinstance(value, (list, tuple)):
        return all(map(_are_numbers, value))
    return isinstance(value, Real) and not isinstance(value, bool)


def _orthonormal(poses: np.ndarray) -> np.ndarray:
    """The nearest rigid motions, so that rounding in a client's JSON does not add up over the chunks."""
    left, _stretch, right = np.linalg.svd(poses[:, :3, :3])
    poses[:, :3, :3] = left @ right
    poses[:, 3] = (0, 0, 0, 1)
    return poses
