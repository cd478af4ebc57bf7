"""
The header of a safetensors file: eight bytes, little endian, that say how long it is, then JSON with dtype, shape and place of each
tensor (https://github.com/huggingface/safetensors, "Format"). The weights themselves are not read.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict

from .tensor_info import ELEMENT_BYTES, TensorInfo, WeightsFileError

#: The format's own limit.
MAX_HEADER_BYTES = 100_000_000

_DTYPES = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "BF16": "bfloat16",
    "F8_E4M3": "float8_e4m3fn",
    "F8_E5M2": "float8_e5m2",
    "I64": "int64",
    "I32": "int32",
    "I16": "int16",
    "I8": "int8",
    "U8": "uint8",
    "BOOL": "bool",
}


def read_safetensors_header(file: Path) -> Dict[str, TensorInfo]:
    """The tensors of a file by name. Raises WeightsFileError, OSError."""
    size = file.stat().st_size
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        if size < 8 or not 2 <= length <= MAX_HEADER_BYTES:
            raise WeightsFileError("it is no safetensors file")
        if 8 + length > size:
            raise WeightsFileError(f"it ends within its header, at {size} bytes: was it copied whole?")
        try:
            header = json.loads(stream.read(length).decode("utf-8"))
        except (ValueError, RecursionError) as error:
            raise WeightsFileError("its header is no JSON") from error
    if not isinstance(header, dict):
        raise WeightsFileError("its header is no JSON object")
    tensors: Dict[str, TensorInfo] = {}
    end = 0
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        tensors[name], last = _read_entry(name, entry)
        end = max(end, last)
    if 8 + length + end != size:
        raise WeightsFileError(f"it has {size} bytes, and its header promises {8 + length + end}: was it copied whole?")
    return tensors


def _read_entry(name: str, entry: Any) -> "tuple[TensorInfo, int]":
    """A tensor, and where its bytes end among the file's data."""
    fields = entry if isinstance(entry, dict) else {}
    dtype, shape, offsets = _DTYPES.get(str(fields.get("dtype"))), fields.get("shape"), fields.get("data_offsets")
    if dtype is None:
        raise WeightsFileError(f"the tensor {name} has the unknown type {fields.get('dtype')}")
    if not _are_sizes(shape) or not _are_sizes(offsets) or len(offsets) != 2:
        raise WeightsFileError(f"the tensor {name} has no shape or no place")
    tensor = TensorInfo(dtype, tuple(shape))
    if offsets[1] - offsets[0] != tensor.elements * ELEMENT_BYTES[dtype]:
        raise WeightsFileError(f"the tensor {name} has another number of bytes than its shape")
    return tensor, offsets[1]


def _are_sizes(value: Any) -> bool:
    return isinstance(value, list) and all(type(item) is int and item >= 0 for item in value)
