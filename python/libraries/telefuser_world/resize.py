"""Pictures made smaller or larger."""

from __future__ import annotations

import numpy as np


def resize(image: np.ndarray, width: int, height: int) -> np.ndarray:
    """An image (rows, columns, channels) uint8 at another size: each pixel is the mean of those that it covers, or the one that it lies in."""
    rows = _average(image, height)
    columns = _average(rows.swapaxes(0, 1), width)
    return np.rint(columns.swapaxes(0, 1)).astype(np.uint8, order="C")


def _average(lines: np.ndarray, count: int) -> np.ndarray:
    """Along the first axis. A line at a time: of all at once a photograph's sums would take more than a gigabyte."""
    length = len(lines)
    edges = np.linspace(0, length, count + 1)
    starts = np.minimum(edges[:-1].astype(int), length - 1)
    ends = np.maximum(np.ceil(edges[1:] - 1e-9).astype(int), starts + 1)
    means = np.empty((count, *lines.shape[1:]))
    for start, end, mean in zip(starts, ends, means):
        lines[start:end].mean(axis=0, dtype=np.float64, out=mean)
    return means
