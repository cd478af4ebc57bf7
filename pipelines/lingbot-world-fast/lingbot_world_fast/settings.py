"""What the operator sets: the variables of the model's own guide, and `--gpu-num`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Mapping

from .errors import ModelUnavailable

CONTROL_TYPES = ("cam", "act")
DEFAULT_FAST_SUBDIR = "lingbot_world_fast"
DEFAULT_MAX_AREA = 480 * 832
#: Pixels. Below it no side of 16 pixels is left for a picture of 16:1; above it the model was never shown to work.
MIN_AREA, MAX_AREA = 64 * 64, 1280 * 720

_DEVICE = re.compile(r"(cpu|cuda)(?::(\d{1,2}))?")


@dataclass(frozen=True)
class Settings:
    """Where the model lies, and on what it runs."""

    #: Text encoder, its tokenizer and the VAE.
    checkpoint_dir: Path
    #: The DiT; absolute.
    fast_dir: Path
    #: As it was set: an absolute path, or one below `checkpoint_dir`.
    fast_subdir: str
    control_type: str
    #: Pixels of a picture at most.
    max_area: int
    #: `cuda:0`, `cuda:1`, … or `cpu`.
    dit_device: str
    text_device: str
    vae_device: str

    @property
    def gpus(self) -> tuple[int, ...]:
        """Numbers of the GPUs in use, ascending."""
        devices = (self.dit_device, self.text_device, self.vae_device)
        return tuple(sorted({int(device[5:]) for device in devices if device != "cpu"}))


def read_settings(environment: Mapping[str, str], gpu_num: int) -> Settings:
    """
    The settings from a process's environment. With one GPU everything is on it; with two or more the DiT has the first to itself, and the
    text encoder and the VAE are on the second, as in the model's guide. `LINGBOT_WORLD_TEXT_DEVICE` and `LINGBOT_WORLD_VAE_DEVICE`
    (`cpu`, `cuda` or `cuda:N`) say otherwise. Raises ModelUnavailable, naming the variable.
    """
    base = environment.get("LINGBOT_WORLD_CHECKPOINT_DIR", "").strip()
    if not base:
        raise ModelUnavailable(
            "LINGBOT_WORLD_CHECKPOINT_DIR is not set: name the folder with Wan2.1_VAE.pth, models_t5_umt5-xxl-enc-bf16.pth and "
            "google/umt5-xxl (below --security-level permissive TELEFUSER_PIPELINE_ENV must grant it)"
        )
    checkpoint_dir = Path(base).expanduser().absolute()
    subdir = environment.get("LINGBOT_WORLD_FAST_CHECKPOINT_SUBDIR", "").strip() or DEFAULT_FAST_SUBDIR
    control_type = environment.get("LINGBOT_WORLD_CONTROL_TYPE", "").strip() or "cam"
    if control_type not in CONTROL_TYPES:
        raise ModelUnavailable(f'LINGBOT_WORLD_CONTROL_TYPE must be cam or act, not "{control_type}"')
    beside = "cuda:1" if gpu_num > 1 else "cuda:0"
    return Settings(
        checkpoint_dir=checkpoint_dir,
        # An absolute path stays what it is.
        fast_dir=checkpoint_dir / Path(subdir).expanduser(),
        fast_subdir=subdir,
        control_type=control_type,
        max_area=_read_area(environment),
        dit_device=_read_device(environment, "DIT", "cuda:0", gpu_num),
        text_device=_read_device(environment, "TEXT", beside, gpu_num),
        vae_device=_read_device(environment, "VAE", beside, gpu_num),
    )


def _read_area(environment: Mapping[str, str]) -> int:
    text = environment.get("LINGBOT_WORLD_MAX_AREA", "").strip()
    if not text:
        return DEFAULT_MAX_AREA
    area = int(text) if re.fullmatch(r"\d{1,9}", text) else 0
    if not MIN_AREA <= area <= MAX_AREA:
        raise ModelUnavailable(
            f"LINGBOT_WORLD_MAX_AREA must be a whole number of pixels from {MIN_AREA} to {MAX_AREA}, such as 399360 (832×480), "
            f'not "{text}"'
        )
    return area


def _read_device(environment: Mapping[str, str], part: str, usual: str, gpu_num: int) -> str:
    name = f"LINGBOT_WORLD_{part}_DEVICE"
    text = environment.get(name, "").strip().lower() or usual
    found = _DEVICE.fullmatch(text)
    if found is None or (found[1] == "cpu" and found[2] is not None):
        raise ModelUnavailable(f'{name} must be cpu, cuda or cuda:N, not "{text}"')
    if found[1] == "cpu":
        return "cpu"
    number = int(found[2] or environment.get(f"{name}_ID", "").strip() or 0) if _is_id(environment, name) else -1
    if number < 0:
        raise ModelUnavailable(f"{name}_ID must be the number of a GPU, from 0")
    if number >= gpu_num:
        raise ModelUnavailable(f"{name} names GPU {number}, but --gpu-num {gpu_num} gives the GPUs 0 to {gpu_num - 1}")
    return f"cuda:{number}"


def _is_id(environment: Mapping[str, str], name: str) -> bool:
    text = environment.get(f"{name}_ID", "").strip()
    return text == "" or re.fullmatch(r"\d{1,2}", text) is not None
