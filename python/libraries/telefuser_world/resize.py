"""Pictures made smaller or larger."""

from __future__ import annotations

import numpy as np


def resize(image: np.ndarray, width: int, height: int) -> np.ndarray:
    """An image (rows, columns, channels) uint8 at another size: each pixel is the mean of those that it covers, or the one that it lies in."""
    rows = _average(image.astype(np.float32), height, 0)
    return np.rint(_average(rows, width, 1)).astype(np.uint8)


def _average(image: np.ndarray, count: int, axis: int) -> np.ndarray:
    length = image.shape[axis]
    edges = np.linspace(0, length, count + 1)
    starts = np.minimum(edges[:-1].astype(int), length - 1)
    ends = np.maximum(np.ceil(edges[1:] - 1e-9).astype(int), starts + 1)
    nothing = np.zeros_like(image.take([0], axis), dtype=np.float64)
    sums = np.concatenate([nothing, np.cumsum(image, axis=axis, dtype=np.float64)], axis=axis)
    shape = [1] * image.ndim
    shape[axis] = -1
    means: np.ndarray = (sums.take(ends, axis) - sums.take(starts, axis)) / (ends - starts).reshape(shape)
    return means
