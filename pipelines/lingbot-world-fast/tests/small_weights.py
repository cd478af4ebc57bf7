"""
Model files of the right layout with small random weights: everything is where it belongs and has the right names, and the networks are
a few thousand times smaller. Written without PyTorch.
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Dict, List, Mapping, Sequence, Tuple

import numpy as np
from lingbot_world_fast.checkpoint import DIT_FILE, DIT_INDEX, TEXT_ENCODER_FILE, TOKENIZER_DIR, VAE_FILE
from lingbot_world_fast.model_shape import DitShape, Shapes, TextEncoderShape, VaeShape

TEXT_ENCODER = TextEncoderShape(vocabulary=96, dim=32, ffn_dim=64, heads=4, layers=2, buckets=8)
#: 40 heads of 6.
DIT = DitShape(dim=240, ffn_dim=96, text_dim=TEXT_ENCODER.dim, layers=2, control_type="cam")
VAE = VaeShape((4, 4, 8, 16, 16), (16, 16, 16, 8, 4))
SHARDS = 2


def write_checkpoint(folder: Path, *, control_type: str = "cam", sharded: bool = True) -> Tuple[Path, Path]:
    """Writes everything below a folder; returns what `LINGBOT_WORLD_CHECKPOINT_DIR` and the DiT's folder are."""
    base, fast = folder / "Wan2.2-I2V-A14B", folder / "lingbot-world-fast"
    (base / TOKENIZER_DIR).mkdir(parents=True)
    fast.mkdir()
    # Of smaller weights so small a VAE makes one grey of everything.
    write_torch_archive(base / VAE_FILE, VAE.tensors(), exponent=-2)
    write_torch_archive(base / TEXT_ENCODER_FILE, TEXT_ENCODER.tensors())
    for name in ("tokenizer_config.json", "tokenizer.json"):
        (base / TOKENIZER_DIR / name).write_text("{}")
    dit = DitShape(DIT.dim, DIT.ffn_dim, DIT.text_dim, DIT.layers, control_type).tensors()
    if sharded:
        write_shards(fast, dit)
    else:
        write_safetensors(fast / DIT_FILE, dit)
    return base, fast


def write_shards(folder: Path, shapes: Shapes) -> None:
    """Several files of weights with the index that says which has what, as large models are published."""
    names = list(shapes)
    shard_of: Dict[str, str] = {}
    for number in range(SHARDS):
        file = f"diffusion_pytorch_model-{number + 1:05d}-of-{SHARDS:05d}.safetensors"
        part = names[number::SHARDS]
        write_safetensors(folder / file, {name: shapes[name] for name in part}, seed=number)
        shard_of.update({name: file for name in part})
    (folder / DIT_INDEX).write_text(json.dumps({"metadata": {}, "weight_map": shard_of}))


def write_safetensors(file: Path, shapes: Shapes, seed: int = 0) -> None:
    header: Dict[str, object] = {"__metadata__": {"format": "pt"}}
    parts: List[bytes] = []
    end = 0
    for (name, shape), data in zip(shapes.items(), _weights(shapes, seed)):
        header[name] = {"dtype": "BF16", "shape": list(shape), "data_offsets": [end, end + len(data)]}
        end += len(data)
        parts.append(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    file.write_bytes(len(text).to_bytes(8, "little") + text + b"".join(parts))


def write_torch_archive(file: Path, shapes: Shapes, exponent: int = -6) -> None:
    """What `torch.save` writes of a state dictionary: an archive with a table and one member a tensor, none of it compressed."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("archive/data.pkl", table_of(shapes))
        archive.writestr("archive/byteorder", b"little")
        for number, data in enumerate(_weights(shapes, 0, exponent)):
            archive.writestr(f"archive/data/{number}", data)
        archive.writestr("archive/version", b"3\n")


def table_of(shapes: Mapping[str, Sequence[int]]) -> bytes:
    """
    The pickle of an ordered dictionary of tensors. Its opcodes are written out (pickletools.dis shows them), because it names functions of a
    package that is not there.
    """
    table = b"\x80\x02" + _EMPTY + b"("
    for number, (name, shape) in enumerate(shapes.items()):
        elements = int(np.prod(shape, dtype=np.int64))
        strides = [int(np.prod(shape[place + 1 :], dtype=np.int64)) for place in range(len(shape))]
        storage = b"(" + _text("storage") + b"ctorch\nBFloat16Storage\n" + _text(str(number)) + _text("cpu") + _number(elements) + b"tQ"
        arguments = storage + _number(0) + _numbers(shape) + _numbers(strides) + b"\x89" + _EMPTY
        table += _text(name) + b"ctorch._utils\n_rebuild_tensor_v2\n(" + arguments + b"tR"
    return table + b"u."


_EMPTY = b"ccollections\nOrderedDict\n)R"


def _text(value: str) -> bytes:
    data = value.encode()
    return b"X" + len(data).to_bytes(4, "little") + data


def _number(value: int) -> bytes:
    return b"J" + value.to_bytes(4, "little", signed=True)


def _numbers(values: Sequence[int]) -> bytes:
    return b"(" + b"".join(_number(int(value)) for value in values) + b"t"


def _weights(shapes: Shapes, seed: int, exponent: int = -6) -> "List[bytes]":
    """Of either sign, from 2 to the exponent up to twice that: random signs and fractions of bfloat16 with one exponent."""
    random = np.random.default_rng(seed)
    bits = [random.integers(0, 1 << 16, int(np.prod(shape)), np.uint16) for shape in shapes.values()]
    return [(part & 0x807F | (127 + exponent) << 7).astype("<u2").tobytes() for part in bits]
