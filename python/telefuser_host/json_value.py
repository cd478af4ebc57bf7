"""Anything a pipeline may put into the metadata, as a value that JSON can hold."""

from __future__ import annotations

import dataclasses
import datetime
import enum
import math
from collections import deque
from collections.abc import Mapping, Set
from typing import Any

_MAX_DEPTH = 32
_MAX_ARRAY_VALUES = 1024
#: Beyond it JavaScript, which reads the metadata, has no exact whole numbers.
_MAX_SAFE_INTEGER = 2**53 - 1


def to_json_value(value: Any) -> Any:
    """
    A copy of `value` that JSON can hold. What JSON cannot hold becomes a string, because the client is better served by a
    readable word than by a lost message: bytes, NaN, large whole numbers, dates, errors, any object. Sets, tuples and short numpy
    arrays become arrays, dataclasses objects. A cycle becomes `"[circular]"`, what is nested deeper than 32 levels `"[too
    deep]"`, an object whose methods raise `"[unreadable]"`. The key `__proto__` is left out. Never raises.
    """
    return _convert(value, [])


def _convert(value: Any, path: list[int]) -> Any:
    if value is None or isinstance(value, bool):
        return value
    try:
        if isinstance(value, enum.Enum):
            return _convert(value.value, path)
        if isinstance(value, str):
            return str.__str__(value)
        if isinstance(value, int):
            return int(value) if abs(value) <= _MAX_SAFE_INTEGER else str(int(value))
        if isinstance(value, float):
            return _convert_float(float(value))
        return _convert_object(value, path)
    except Exception:
        # The pipeline's object, the pipeline's fault, and not worth a lost chunk.
        return "[unreadable]"


def _convert_float(value: float) -> Any:
    if math.isfinite(value):
        # JSON knows no negative zero; adding zero makes it the usual one.
        return value + 0.0
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _convert_object(value: Any, path: list[int]) -> Any:
    if id(value) in path:
        return "[circular]"
    if len(path) >= _MAX_DEPTH:
        return "[too deep]"
    path.append(id(value))
    try:
        return _convert_members(value, path)
    finally:
        path.pop()


def _convert_members(value: Any, path: list[int]) -> Any:
    if isinstance(value, Mapping):
        return {
            name: _convert(item, path)
            for name, item in ((_name_of(key), item) for key, item in value.items())
            if name != "__proto__"
        }
    if isinstance(value, (list, tuple, Set, deque)):
        return [_convert(item, path) for item in value]
    if isinstance(value, (bytes, bytearray, memoryview)):
        return f"[{type(value).__name__} of {memoryview(value).nbytes} bytes]"
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, BaseException):
        return f"{type(value).__name__}: {value}"
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _convert(getattr(value, field.name), path) for field in dataclasses.fields(value)}
    if callable(getattr(value, "tolist", None)) and hasattr(value, "shape"):
        return _convert_array(value, path)
    if isinstance(value, type) or callable(value):
        return f"[{'class' if isinstance(value, type) else 'function'} {getattr(value, '__name__', type(value).__name__)}]"
    return str(value)


def _convert_array(array: Any, path: list[int]) -> Any:
    """Arrays and scalars of numpy, tensors of torch."""
    if math.prod(array.shape) > _MAX_ARRAY_VALUES:
        return f"[{type(array).__name__} of {'×'.join(map(str, array.shape))}]"
    return _convert(array.tolist(), path)


#: The words JSON has for keys that are no text.
_KEY_WORDS: dict[Any, str] = {None: "null", True: "true", False: "false"}


def _name_of(key: Any) -> str:
    if isinstance(key, str):
        return str.__str__(key)
    if key is None or isinstance(key, bool):
        return _KEY_WORDS[key]
    return str(key)
