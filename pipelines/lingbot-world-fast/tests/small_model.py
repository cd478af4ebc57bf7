"""
A stand-in at the port `LoadedModel`: reads the small weights and makes pictures of the image, the control tensor and them. No network; it is
there for what surrounds the model: the files, the session, the memory.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

import numpy as np
from lingbot_world_fast.checkpoint import DIT_FILE, DIT_INDEX, Checkpoint
from lingbot_world_fast.safetensors_header import read_safetensors_header
from lingbot_world_fast.settings import Settings
from lingbot_world_fast.telefuser_pipeline import LoadedModel
from PIL import Image

WIDTH, HEIGHT = 128, 64
#: A session whose prompt has it runs out of memory at this chunk; -1: when it begins.
OUT_OF_MEMORY_AT = {"no memory to begin": -1, "no memory for chunk 1": 1}
GIB = 1024**3


class SmallCuda:
    """The parts of `torch.cuda` that are looked at; counts what is given back."""

    class OutOfMemoryError(RuntimeError):
        pass

    def __init__(self, free_bytes: int = 80 * GIB) -> None:
        self.free = free_bytes
        self.emptied = 0

    def is_available(self) -> bool:
        return True

    def mem_get_info(self, _device: str) -> Tuple[int, int]:
        return self.free, 80 * GIB

    def memory_reserved(self, _device: str) -> int:
        return 0

    def memory_allocated(self, _device: str) -> int:
        return 0

    def empty_cache(self) -> None:
        self.emptied += 1


class SmallTensor:
    def __init__(self, array: np.ndarray, device: Any = None) -> None:
        self.array = array
        self.device = device

    def to(self, device: Any) -> SmallTensor:
        return SmallTensor(self.array, device)


class SmallTorch:
    def __init__(self, cuda: SmallCuda) -> None:
        self.cuda = cuda

    @staticmethod
    def from_numpy(array: np.ndarray) -> SmallTensor:
        return SmallTensor(array)


@dataclass
class SmallSession:
    """The fields of `LingBotWorldFastSessionConfig` that are set."""

    prompt: str
    image: Image.Image
    control_mode: str
    fps: int
    chunk_size: int
    frame_num: int
    seed: int
    sample_shift: float
    max_attention_size: Optional[int]


@dataclass
class SmallRuntime:
    config: SmallSession
    width: int
    height: int
    latent_f: int
    prompt_emb: Any
    crossattn_cache: List[Dict[str, Any]]
    #: What it was given for each chunk.
    controls: List[np.ndarray] = field(default_factory=list)


class SmallPipeline:
    device = "cuda:0"

    def __init__(self, weights: np.ndarray, cuda: SmallCuda) -> None:
        self._weights = weights
        self._cuda = cuda
        self.vae = None
        self.runtimes: List[SmallRuntime] = []
        self.prompts: List[str] = []

    def create_runtime(self, session_config: SmallSession, progress_callback: Optional[Callable[..., None]] = None) -> SmallRuntime:
        if progress_callback is not None:
            progress_callback("encoding_prompt", device="cuda:0")
        self._take_memory(session_config.prompt, -1)
        runtime = SmallRuntime(
            session_config, WIDTH, HEIGHT, (session_config.frame_num - 1) // 4 + 1, self.encode_prompt(session_config.prompt), [{"is_init": True}]
        )
        self.runtimes.append(runtime)
        return runtime

    def generate_next_chunk(
        self, runtime: SmallRuntime, control_override: Any = None, progress_callback: Optional[Callable[..., None]] = None
    ) -> Sequence[Image.Image]:
        index = len(runtime.controls)
        if progress_callback is not None:
            progress_callback("denoising_chunk", index=index)
        self._take_memory(runtime.config.prompt, index)
        control = control_override.array
        runtime.controls.append(control)
        picture = np.asarray(runtime.config.image.resize((WIDTH, HEIGHT)), np.float32)
        pictures: List[Image.Image] = []
        for latent in range(control.shape[2]):
            tint = 100 * np.tanh(control[0, : len(self._weights), latent].mean(axis=(1, 2)) @ self._weights)
            count = 1 if index == 0 and latent == 0 else 4
            pictures += [Image.fromarray(np.clip(picture + tint, 0, 255).astype(np.uint8))] * count
        return pictures

    def encode_prompt(self, prompt: str) -> Any:
        self.prompts.append(prompt)
        return prompt

    def _take_memory(self, prompt: str, index: int) -> None:
        for words, at in OUT_OF_MEMORY_AT.items():
            if words in prompt and index == at:
                raise self._cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 24.99 GiB. GPU 0 has a total capacity of 79.11 GiB.")


def load_small_model(settings: Settings, _checkpoint: Checkpoint) -> LoadedModel:
    """To be given to `LingbotGenerator` as `load`."""
    cuda = SmallCuda()
    pipeline = SmallPipeline(_control_weights(settings.fast_dir), cuda)
    return LoadedModel(pipeline, SmallTorch(cuda), lambda _width, _height: (WIDTH, HEIGHT), SmallSession)


def _control_weights(folder: Path) -> np.ndarray:
    """Some of what the DiT does with a control: (control channels, 3)."""
    name = "patch_embedding_wancamctrl.weight"
    files = [folder / DIT_FILE] if (folder / DIT_FILE).exists() else sorted(folder.glob("*.safetensors"))
    assert files, (folder / DIT_INDEX).read_text()
    for file in files:
        tensors = read_safetensors_header(file)
        if name in tensors:
            data = file.read_bytes()
            begin = 8 + int.from_bytes(data[:8], "little")
            for other, tensor in tensors.items():
                if other == name:
                    bits = np.frombuffer(data, "<u2", tensor.elements, begin).astype(np.uint32) << 16
                    return bits.view(np.float32).reshape(tensor.shape)[:3, : 6 * 64].T
                begin += 2 * tensor.elements
    raise AssertionError(f"no {name} in {folder}")
