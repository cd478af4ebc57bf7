"""The other way round: which camera rays come from."""

from __future__ import annotations

import numpy as np

#: Pixels to each side that the camera is worked out from; more would add nothing to what float32 holds.
_SAMPLES = 9


def camera_of_rays(rays: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """
    The pose (4, 4) and the intrinsics (4,) of the pinhole camera without skew whose rays (height, width, 6) these are; the inverse of `plucker_rays`.
    Nothing else is known of the camera: its rays say it all.

    A ray's direction d is along `M · (x, y, 1)` for a pixel's middle (x, y), where `M` is rotation times inverse intrinsics: so `d × M · (x, y, 1) = 0`,
    which is linear in `M`. What solves it best falls into an orthonormal and a triangular part.
    """
    height, width = rays.shape[:2]
    rows = np.linspace(0, height - 1, min(_SAMPLES, height)).round().astype(int)
    columns = np.linspace(0, width - 1, min(_SAMPLES, width)).round().astype(int)
    sample = rays[np.ix_(rows, columns)].reshape(-1, 6).astype(np.float64)
    y, x = (places.ravel() for places in np.meshgrid(rows + 0.5, columns + 0.5, indexing="ij"))
    # In units of the picture, for numbers of about one.
    pixels = np.stack([x / width, y / height, np.ones_like(x)], axis=1)
    directions = sample[:, 3:]
    equations = np.einsum("nij,nk->nijk", _cross_matrices(directions), pixels).reshape(-1, 9)
    matrix = np.linalg.svd(equations)[2][-1].reshape(3, 3)
    # Of the two solutions the one that looks ahead.
    if (pixels @ matrix.T * directions).sum() < 0:
        matrix = -matrix
    rotation, triangular = np.linalg.qr(matrix)
    signs = np.sign(np.diagonal(triangular))
    rotation, triangular = rotation * signs, triangular * signs[:, None]
    camera = np.linalg.inv(triangular / triangular[2, 2])
    pose = np.eye(4)
    pose[:3, :3] = rotation
    pose[:3, 3] = sample[:, :3].mean(axis=0)
    return pose, camera[[0, 1, 0, 1], [0, 1, 2, 2]] * np.array([width, height, width, height])


def _cross_matrices(vectors: np.ndarray) -> np.ndarray:
    """Matrices (n, 3, 3) that multiply as a cross product from the left does."""
    x, y, z = vectors.T
    zero = np.zeros_like(x)
    return np.stack([zero, -z, y, z, zero, -x, -y, x, zero], axis=1).reshape(-1, 3, 3)
