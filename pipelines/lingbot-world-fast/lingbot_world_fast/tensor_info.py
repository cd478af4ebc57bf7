"""What a file of weights says of a tensor without being loaded."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Mapping, Tuple

#: Bytes of one element.
ELEMENT_BYTES: Mapping[str, int] = {
    "float64": 8,
    "float32": 4,
    "float16": 2,
    "bfloat16": 2,
    "float8_e4m3fn": 1,
    "float8_e5m2": 1,
    "int64": 8,
    "int32": 4,
    "int16": 2,
    "int8": 1,
    "uint8": 1,
    "bool": 1,
}


@dataclass(frozen=True)
class TensorInfo:
    #: A name of ELEMENT_BYTES.
    dtype: str
    shape: Tuple[int, ...]

    @property
    def elements(self) -> int:
        return prod(self.shape)


class WeightsFileError(ValueError):
    """A file of weights cannot be read; the text begins with what is wrong and does not name the file."""
