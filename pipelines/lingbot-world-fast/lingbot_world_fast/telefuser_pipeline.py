"""
The only part that imports `telefuser` and `torch`: builds the package's pipeline from files that have been checked, and describes what of it
is used. Written for telefuser 0.1.0.post3, the version on PyPI.
"""

from __future__ import annotations

import gc
import importlib.metadata
import importlib.util
import sys
from dataclasses import dataclass, fields
from typing import Any, Callable, Dict, List, Optional, Protocol, Sequence, Tuple

from .checkpoint import Checkpoint
from .errors import ModelUnavailable
from .memory import check_weights_fit, weights_by_device
from .settings import Settings

SUPPORTED_VERSION = "0.1.0.post3"
PACKAGES = ("telefuser", "torch")

#: `report(stage, **fields)`: what the package says of its progress.
Report = Callable[..., None]


class Runtime(Protocol):
    """The package's state of one session; only these parts of it are used."""

    width: int
    height: int
    latent_f: int
    prompt_emb: Any
    #: One dictionary a layer: `k`, `v` and `is_init`.
    crossattn_cache: List[Dict[str, Any]]


class Pipeline(Protocol):
    """What is used of `LingBotWorldFastPipeline`."""

    device: Any

    def create_runtime(self, session_config: Any, progress_callback: Optional[Report] = None) -> Runtime:
        """Takes the session's memory, and encodes its prompt and image."""

    def generate_next_chunk(
        self, runtime: Runtime, control_override: Any = None, progress_callback: Optional[Report] = None
    ) -> Sequence[Any]:
        """Makes the next chunk: pictures of Pillow."""

    def encode_prompt(self, prompt: str) -> Any:
        """The tensor that `Runtime.prompt_emb` is."""


@dataclass(frozen=True)
class LoadedModel:
    """A pipeline on its devices, with what goes with it."""

    pipeline: Pipeline
    #: `torch` itself: its errors, and its account of the memory.
    torch: Any
    #: (width, height) of the pictures made of an image of (width, height).
    working_size: Callable[[int, int], Tuple[int, int]]
    #: Makes a `LingBotWorldFastSessionConfig`; the arguments are its fields.
    session_config: Callable[..., Any]

    def free_bytes(self, device: str) -> Optional[int]:
        """What can still be taken of a GPU's memory; None for the processor."""
        return free_bytes(self.torch, device)

    def is_out_of_memory(self, error: BaseException) -> bool:
        if isinstance(error, self.torch.cuda.OutOfMemoryError):
            return True
        # Libraries below PyTorch have no class of their own for it.
        return isinstance(error, RuntimeError) and ("CUDA error: out of memory" in str(error) or "ALLOC_FAILED" in str(error))

    def release_memory(self) -> None:
        """Gives back what no living session holds."""
        vae = getattr(self.pipeline, "vae", None)
        if vae is not None:
            # What the decoder remembers of the frames before; the next session's first chunk begins it anew.
            vae._feat_cache = []
        gc.collect()
        if self.torch.cuda.is_available():
            self.torch.cuda.empty_cache()


def require_packages() -> None:
    """Raises ModelUnavailable when a package is missing; imports none."""
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise ModelUnavailable(
            f"the Python package {' and '.join(missing)} is not installed: looked for by {sys.executable} in {_search_path()}. "
            f"Make an environment with Python 3.10 or newer, python3 -m venv .venv && .venv/bin/pip install "
            f"telefuser=={SUPPORTED_VERSION}, and name its interpreter in TELEFUSER_PYTHON"
        )


def _search_path() -> str:
    folders = [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
    return ", ".join(folders) or "no folder of packages"


def load_model(settings: Settings, checkpoint: Checkpoint) -> LoadedModel:
    """
    Imports the packages and loads the weights, which takes minutes. Raises ModelUnavailable: a package is not whole or of another version, a GPU
    is not there or too small.
    """
    torch, parts = _import_packages()
    _check_interface(parts)
    _check_devices(settings, torch)
    devices = weights_by_device(settings, checkpoint)
    check_weights_fit(settings, checkpoint, {device: free_bytes(torch, device) for device in devices})
    try:
        return _build(settings, torch, parts)
    except torch.cuda.OutOfMemoryError as error:
        raise ModelUnavailable(f"the GPUs have not enough memory for the model: {' '.join(str(error).split())}") from error


def free_bytes(torch: Any, device: str) -> Optional[int]:
    """What can still be taken of a device's memory, what PyTorch keeps for itself and does not use included; None for the processor."""
    if device == "cpu":
        return None
    free, _total = torch.cuda.mem_get_info(device)
    kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return int(free) + int(kept)


def _build(settings: Settings, torch: Any, parts: _Parts) -> LoadedModel:
    pipeline = parts.pipeline_class(device=settings.dit_device, torch_dtype=torch.bfloat16)
    pipeline.init(
        # It is asked for nothing: this pipeline loads its modules by itself.
        None,
        parts.config_class(
            checkpoint_dir=str(settings.checkpoint_dir),
            fast_checkpoint_subdir=str(settings.fast_dir),
            vae_config=_device_config(parts, settings.vae_device, torch.bfloat16),
            text_encoding_config=_device_config(parts, settings.text_device, torch.bfloat16),
            dit_torch_dtype=torch.bfloat16,
            control_type=settings.control_type,
            max_area=settings.max_area,
        ),
    )

    def working_size(width: int, height: int) -> Tuple[int, int]:
        best_width, best_height = pipeline._best_output_size(width, height, settings.max_area)
        final_height, final_width = pipeline.check_resize_height_width(best_height, best_width)
        return final_width, final_height

    return LoadedModel(pipeline, torch, working_size, parts.session_config_class)


@dataclass(frozen=True)
class _Parts:
    """The package's classes."""

    pipeline_class: Any
    config_class: Any
    session_config_class: Any
    device_config_class: Any


def _import_packages() -> "tuple[Any, _Parts]":
    try:
        import torch
        from telefuser.core.config import ModelRuntimeConfig
        from telefuser.pipelines.lingbot_world_fast import pipeline, session
    except ImportError as error:
        name = error.name or "a part of it"
        raise ModelUnavailable(
            f"telefuser {_version()} is installed for {sys.executable}, but not whole: {name} cannot be imported ({error}). "
            f"pip install telefuser=={SUPPORTED_VERSION} installs what it needs"
        ) from error
    parts = _Parts(
        pipeline.LingBotWorldFastPipeline,
        pipeline.LingBotWorldFastPipelineConfig,
        session.LingBotWorldFastSessionConfig,
        ModelRuntimeConfig,
    )
    return torch, parts


def _version() -> str:
    try:
        return importlib.metadata.version("telefuser")
    except importlib.metadata.PackageNotFoundError:
        return "of no version"


def _check_interface(parts: _Parts) -> None:
    known = {field.name for field in fields(parts.config_class)}
    used = ("checkpoint_dir", "fast_checkpoint_subdir", "vae_config", "text_encoding_config", "dit_torch_dtype", "max_area")
    lacking = [name for name in used if name not in known]
    lacking += [
        name
        for name in ("create_runtime", "generate_next_chunk", "encode_prompt", "_best_output_size")
        if not callable(getattr(parts.pipeline_class, name, None))
    ]
    if lacking:
        raise ModelUnavailable(
            f"telefuser {_version()} builds this pipeline in another way (it has no {', '.join(lacking)}): "
            f"pip install telefuser=={SUPPORTED_VERSION}"
        )


def _check_devices(settings: Settings, torch: Any) -> None:
    if not settings.gpus:
        return
    if not torch.cuda.is_available():
        raise ModelUnavailable(
            f"PyTorch {torch.__version__} finds no GPU: nvidia-smi has to list one, and this PyTorch has to be built for it "
            "(torch.version.cuda). Only --security-level standard and permissive let a pipeline use it"
        )
    there = torch.cuda.device_count()
    missing = [number for number in settings.gpus if number >= there]
    if missing:
        raise ModelUnavailable(
            f"GPU {missing[0]} is to be used, and there are {there}: say --gpu-num {there}, or look at CUDA_VISIBLE_DEVICES"
        )


def _device_config(parts: _Parts, device: str, dtype: Any) -> Any:
    kind, _, number = device.partition(":")
    return parts.device_config_class(device_type=kind, device_id=int(number or 0), torch_dtype=dtype)
