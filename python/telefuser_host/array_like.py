"""numpy arrays and torch tensors, without importing either: whoever yields one has imported it."""

from __future__ import annotations

import sys
from typing import Any


def to_array(value: Any) -> Any | None:
    """
    The numpy array that a value is or holds: arrays as they are, tensors brought to the host's memory. None for anything else.
    """
    numpy = sys.modules.get("numpy")
    if numpy is None:
        return None
    if isinstance(value, numpy.ndarray):
        return value
    if all(callable(getattr(value, name, None)) for name in ("detach", "cpu", "numpy")):
        tensor = value.detach().cpu()
        try:
            return tensor.numpy()
        except TypeError:
            # numpy has no bfloat16.
            return tensor.float().numpy()
    return None


def describe_array(array: Any) -> str:
    """Shape and type, for an error message: `480×832×3 uint8`."""
    return f"{'×'.join(map(str, array.shape)) or 'scalar'} {array.dtype}"
