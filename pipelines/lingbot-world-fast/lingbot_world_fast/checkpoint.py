"""Looks at the model's files before anything heavy is imported, and says all that is wrong with them at once."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Dict, List, Mapping, Optional, TypeVar

from .errors import ModelUnavailable
from .model_shape import DitShape, Shapes, TextEncoderShape, VaeShape, differences, read_dit_shape, read_vae_shape
from .safetensors_header import read_safetensors_header
from .settings import Settings
from .tensor_info import TensorInfo, WeightsFileError
from .torch_archive import read_torch_archive

VAE_FILE = "Wan2.1_VAE.pth"
TEXT_ENCODER_FILE = "models_t5_umt5-xxl-enc-bf16.pth"
TOKENIZER_DIR = "google/umt5-xxl"
DIT_FILE = "diffusion_pytorch_model.safetensors"
DIT_INDEX = f"{DIT_FILE}.index.json"
#: The names by which the same file is published elsewhere.
_OTHER_INDEX = "model.safetensors.index.json"

MAX_INDEX_BYTES = 64 * 1024 * 1024
MAX_SHARDS = 512
#: The server cuts a reason at 1000 characters.
MAX_PROBLEMS_SHOWN = 3
_DIFFERENCES_SHOWN = 3
#: Of a weight on the device, whatever the file has: the package loads all three networks as bfloat16.
BYTES_A_WEIGHT = 2

_T = TypeVar("_T")


@dataclass(frozen=True)
class Checkpoint:
    """Model files that are all there and fit together."""

    dit: DitShape
    #: What the weights take on their devices.
    dit_bytes: int
    text_encoder_bytes: int
    vae_bytes: int


def check_checkpoint(
    settings: Settings, text_encoder: TextEncoderShape = TextEncoderShape(), say: Callable[[str], None] = print
) -> Checkpoint:
    """
    Finds and checks the model's files; `say` gets every problem on a line of its own. Reads only what the files say of themselves, so it takes a
    moment for any size. Raises ModelUnavailable with the first of the problems.
    """
    inspection = _Inspection()
    vae = inspection.torch_file(settings.checkpoint_dir, VAE_FILE)
    vae_shape = inspection.shape_of(settings.checkpoint_dir / VAE_FILE, vae, read_vae_shape)
    inspection.compare(settings.checkpoint_dir / VAE_FILE, vae, vae_shape and vae_shape.tensors())
    text = inspection.torch_file(settings.checkpoint_dir, TEXT_ENCODER_FILE)
    inspection.compare(settings.checkpoint_dir / TEXT_ENCODER_FILE, text, text_encoder.tensors())
    inspection.tokenizer(settings.checkpoint_dir)
    dit = inspection.dit_files(settings)
    dit_shape = inspection.shape_of(settings.fast_dir, dit, read_dit_shape)
    inspection.compare(settings.fast_dir, dit, dit_shape and dit_shape.tensors())
    if dit_shape is not None:
        inspection.agree(settings, dit_shape, text_encoder)
    if inspection.problems or dit_shape is None:
        for problem in inspection.problems:
            say(problem)
        raise ModelUnavailable(_sum_up(settings, inspection.problems))
    return Checkpoint(
        dit=dit_shape,
        dit_bytes=_bytes_of(dit_shape.tensors()),
        text_encoder_bytes=_bytes_of(text_encoder.tensors()),
        # A file of the older format is not looked into; its network is the one that is published.
        vae_bytes=_bytes_of((vae_shape or _PUBLISHED_VAE).tensors()),
    )


_PUBLISHED_VAE = VaeShape((96, 96, 192, 384, 384), (384, 384, 384, 192, 96))


def _bytes_of(shapes: Shapes) -> int:
    return sum(TensorInfo("bfloat16", shape).elements for shape in shapes.values()) * BYTES_A_WEIGHT


def _sum_up(settings: Settings, problems: List[str]) -> str:
    shown = "; ".join(problems[:MAX_PROBLEMS_SHOWN])
    more = f"; and {len(problems) - MAX_PROBLEMS_SHOWN} more, in the log" if len(problems) > MAX_PROBLEMS_SHOWN else ""
    return (
        f"the model's files are not complete: {shown}{more}. They were looked for in {settings.checkpoint_dir} "
        f"(LINGBOT_WORLD_CHECKPOINT_DIR) and {settings.fast_dir} (LINGBOT_WORLD_FAST_CHECKPOINT_SUBDIR={settings.fast_subdir})"
    )


class _Inspection:
    """Collects what is wrong with the files. What could not be read is None from there on, and is complained of once."""

    def __init__(self) -> None:
        self.problems: List[str] = []

    def torch_file(self, folder: Path, name: str) -> Optional[Dict[str, TensorInfo]]:
        return self._attempt(folder / name, lambda: read_torch_archive(folder / name))

    def tokenizer(self, folder: Path) -> None:
        path = folder / TOKENIZER_DIR
        if not path.is_dir():
            self.problems.append(f"there is no folder {TOKENIZER_DIR}, the text encoder's tokenizer")
            return
        if not (path / "tokenizer_config.json").is_file():
            self.problems.append(f"there is no {TOKENIZER_DIR}/tokenizer_config.json")
        if not any((path / name).is_file() for name in ("tokenizer.json", "spiece.model")):
            self.problems.append(f"there is neither tokenizer.json nor spiece.model in {TOKENIZER_DIR}")

    def dit_files(self, settings: Settings) -> Optional[Dict[str, TensorInfo]]:
        """The DiT's tensors: of one file, or of the shards that an index names."""
        folder = settings.fast_dir
        single, index = folder / DIT_FILE, folder / DIT_INDEX
        if single.is_file():
            return self._attempt(single, lambda: read_safetensors_header(single))
        if index.is_file():
            return self._sharded(index)
        if not folder.is_dir():
            self.problems.append(f"there is no folder {folder} with the DiT")
        elif (folder / _OTHER_INDEX).is_file():
            self.problems.append(f"{_OTHER_INDEX} has to be called {DIT_INDEX}: ln -s {_OTHER_INDEX} {index}")
        else:
            self.problems.append(f"there is neither {DIT_FILE} nor {DIT_INDEX} in {folder}")
        return None

    def _sharded(self, index: Path) -> Optional[Dict[str, TensorInfo]]:
        shard_of = self._attempt(index, lambda: _read_index(index))
        if shard_of is None:
            return None
        tensors: Dict[str, TensorInfo] = {}
        complete = True
        for shard in sorted(set(shard_of.values())):
            found = self._attempt(index.parent / shard, lambda: read_safetensors_header(index.parent / shard))
            if found is None:
                complete = False
                continue
            promised = [name for name, file in shard_of.items() if file == shard]
            absent = [name for name in promised if name not in found]
            if absent:
                self.problems.append(f"{shard} lacks {_first_of(absent)}, which {DIT_INDEX} says it has")
            tensors.update({name: found[name] for name in promised if name in found})
        return tensors if complete else None

    def shape_of(
        self, path: Path, tensors: Optional[Mapping[str, TensorInfo]], read: Callable[[Mapping[str, TensorInfo]], _T]
    ) -> Optional[_T]:
        return None if tensors is None else self._attempt(path, lambda: read(tensors))

    def compare(self, path: Path, tensors: Optional[Mapping[str, TensorInfo]], expected: Optional[Shapes]) -> None:
        if tensors is None or expected is None:
            return
        wrong = list(differences(expected, tensors))
        if wrong:
            self.problems.append(f"{path.name} is not the network that is expected: {_first_of(wrong)}")

    def agree(self, settings: Settings, dit: DitShape, text_encoder: TextEncoderShape) -> None:
        if dit.control_type != settings.control_type:
            self.problems.append(
                f"the DiT in {settings.fast_dir} was made for {dit.control_type}, and LINGBOT_WORLD_CONTROL_TYPE is "
                f"{settings.control_type}"
            )
        if dit.text_dim != text_encoder.dim:
            self.problems.append(f"the DiT takes texts of {dit.text_dim} channels, and the text encoder makes {text_encoder.dim}")

    def _attempt(self, path: Path, read: Callable[[], _T]) -> Optional[_T]:
        try:
            return read()
        except FileNotFoundError:
            self.problems.append(f"there is no {path.name} in {path.parent}")
        except PermissionError:
            self.problems.append(f"{path} may not be read: below --security-level permissive --asset has to name its folder")
        except (WeightsFileError, OSError) as error:
            self.problems.append(f"{path.name}: {error}")
        return None


def _read_index(index: Path) -> Dict[str, str]:
    """Which file has which tensor. Raises WeightsFileError, OSError."""
    if index.stat().st_size > MAX_INDEX_BYTES:
        raise WeightsFileError(f"it has more than {MAX_INDEX_BYTES} bytes")
    try:
        content = json.loads(index.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise WeightsFileError("it is no JSON") from error
    shards = content.get("weight_map") if isinstance(content, dict) else None
    if not isinstance(shards, dict) or not shards:
        raise WeightsFileError("it has no weight_map")
    for shard in shards.values():
        if not isinstance(shard, str) or Path(shard).name != shard:
            raise WeightsFileError(f"its weight_map names {shard!r}, which is no file beside it")
    if len(set(shards.values())) > MAX_SHARDS:
        raise WeightsFileError(f"its weight_map names more than {MAX_SHARDS} files")
    return shards


def _first_of(items: List[str]) -> str:
    rest = len(items) - _DIFFERENCES_SHOWN
    return ", ".join(items[:_DIFFERENCES_SHOWN]) + (f" and {rest} more" if rest > 0 else "")
