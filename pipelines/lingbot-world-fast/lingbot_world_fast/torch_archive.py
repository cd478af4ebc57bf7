"""
The table of contents of what `torch.save` wrote: a zip archive with a pickle that names the tensors, and their bytes beside it. The
pickle is read with nothing allowed but what a table of tensors is made of, and the bytes are not read.
"""

from __future__ import annotations

import pickle
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any, BinaryIO, Dict, Mapping, Optional

from .tensor_info import TensorInfo, WeightsFileError

MAX_PICKLE_BYTES = 64 * 1024 * 1024

#: The storage classes that a pickle names.
_STORAGES = {
    "DoubleStorage": "float64",
    "FloatStorage": "float32",
    "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16",
    "LongStorage": "int64",
    "IntStorage": "int32",
    "ShortStorage": "int16",
    "CharStorage": "int8",
    "ByteStorage": "uint8",
    "BoolStorage": "bool",
}
#: How `torch.save` began a file before it wrote archives (PyTorch 1.6): a pickle of a magic number.
_OLD_MAGIC = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."


def read_torch_archive(file: Path) -> Optional[Dict[str, TensorInfo]]:
    """
    The tensors of a state dictionary by name; None for a file of the older format, which cannot be read without loading it. Raises
    WeightsFileError, OSError.
    """
    with file.open("rb") as stream:
        if stream.read(len(_OLD_MAGIC)) == _OLD_MAGIC:
            return None
        stream.seek(0)
        try:
            with zipfile.ZipFile(stream) as archive:
                content = _load_table(archive)
        except (WeightsFileError, OSError):
            raise
        except zipfile.BadZipFile as error:
            raise WeightsFileError("it is no file of torch.save, or was not copied whole") from error
        # An archive or a pickle that is not what it should be can fail in any way.
        except Exception as error:
            raise WeightsFileError(f"its table of contents cannot be read ({type(error).__name__})") from error
    if isinstance(content, Mapping) and isinstance(content.get("model_state"), Mapping):
        content = content["model_state"]
    if not isinstance(content, Mapping):
        raise WeightsFileError("it holds no state dictionary")
    tensors = {name: value for name, value in content.items() if isinstance(name, str) and isinstance(value, TensorInfo)}
    if not tensors:
        raise WeightsFileError("it holds no state dictionary")
    return tensors


def _load_table(archive: zipfile.ZipFile) -> Any:
    names = [name for name in archive.namelist() if name.count("/") == 1 and name.endswith("/data.pkl")]
    if len(names) != 1:
        raise WeightsFileError("it is a zip archive, but none of torch.save")
    if archive.getinfo(names[0]).file_size > MAX_PICKLE_BYTES:
        raise WeightsFileError(f"its table of contents has more than {MAX_PICKLE_BYTES} bytes")
    with archive.open(names[0]) as stream:
        return _TableUnpickler(stream).load()


class _Storage:
    """Stands for a class of storages while the table is read."""

    def __init__(self, dtype: str) -> None:
        self.dtype = dtype


class _TableUnpickler(pickle.Unpickler):
    def __init__(self, stream: BinaryIO) -> None:
        super().__init__(stream)

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _rebuild_tensor
        if (module, name) == ("torch._utils", "_rebuild_parameter"):
            return _rebuild_parameter
        if module == "torch" and name in _STORAGES:
            return _Storage(_STORAGES[name])
        if (module, name) == ("torch", "Size"):
            return tuple
        raise WeightsFileError(f"its table of contents names {module}.{name}, which no table of weights needs")

    def persistent_load(self, pid: Any) -> Any:
        if not isinstance(pid, tuple) or len(pid) < 2 or pid[0] != "storage" or not isinstance(pid[1], _Storage):
            raise WeightsFileError("its table of contents names something else than weights")
        return pid[1]


def _rebuild_tensor(storage: _Storage, _offset: int, shape: Any, *_rest: Any) -> TensorInfo:
    return TensorInfo(storage.dtype, tuple(int(side) for side in shape))


def _rebuild_parameter(tensor: TensorInfo, *_rest: Any) -> TensorInfo:
    return tensor
