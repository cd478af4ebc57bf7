"""The model as a generator of the library `telefuser_world`: one session at a time on one set of weights."""

from __future__ import annotations

import gc
from typing import Any, Callable, List, Mapping, Optional, Tuple, TypeVar

import numpy as np
from telefuser_world.control_tensor import ControlTensor
from telefuser_world.errors import ConfigError, shown
from telefuser_world.generator import OutOfMemory, WorldRequest

from . import memory
from .checkpoint import Checkpoint, check_checkpoint
from .model_shape import TextEncoderShape
from .settings import Settings
from .telefuser_pipeline import LoadedModel, Report, Runtime, load_model, require_packages

#: The package's table of rotary positions ends there.
MAX_LATENT_FRAMES = 1024
FPS = 16
#: Of the flow's schedule; what the model's own service takes.
DEFAULT_SAMPLE_SHIFT = 5.0
MAX_SAMPLE_SHIFT = 100.0
_MAX_REASON = 300

_T = TypeVar("_T")


class LingbotGenerator:
    """Owns the loaded model, from `start` to `stop`."""

    fps = FPS
    max_latent_frames = MAX_LATENT_FRAMES
    #: The preview comes at once; memory is taken, and the prompt and the image are encoded, with the first key.
    begins_at_once = False

    def __init__(
        self,
        settings: Settings,
        *,
        text_encoder: TextEncoderShape = TextEncoderShape(),
        require: Callable[[], None] = require_packages,
        load: Callable[[Settings, Checkpoint], LoadedModel] = load_model,
    ) -> None:
        self.control_type = settings.control_type
        self._settings = settings
        self._text_encoder = text_encoder
        self._require = require
        self._load = load
        self._model: Optional[LoadedModel] = None
        self._checkpoint: Optional[Checkpoint] = None

    def start(self, report_progress: Callable[[Optional[float], str], None]) -> None:
        """
        Loads the model: first the packages are looked for, then the files, then it is loaded, so that what is missing is said at once. Raises
        ModelUnavailable.
        """
        report_progress(0.0, "Looking for the model's packages and files")
        self._require()
        checkpoint = check_checkpoint(self._settings, self._text_encoder)
        weights = memory.weights_by_device(self._settings, checkpoint)
        account = ", ".join(f"{memory.gibibytes(size)} on {device}" for device, size in weights.items())
        report_progress(0.05, f"Loading the weights: {account}")
        self._model, self._checkpoint = self._load(self._settings, checkpoint), checkpoint
        print(f"LingBot-World-Fast ({checkpoint.dit.control_type}) is loaded: {account}")

    def stop(self) -> None:
        self._model = None
        gc.collect()

    def working_size(self, image_width: int, image_height: int) -> Tuple[int, int]:
        return self._loaded.working_size(image_width, image_height)

    def check(self, request: WorldRequest) -> None:
        """Raises ConfigError for a session that the model cannot make, and for one that the DiT's device has no memory for."""
        read_sampling(request.config)
        free = self._loaded.free_bytes(self._settings.dit_device)
        if free is None or self._checkpoint is None:
            return
        needed = memory.session_memory(self._checkpoint.dit, request.width, request.height)
        latents = (request.frame_num - 1) // 4 + 1
        if needed.bytes_for(latents) <= free:
            return
        longest = needed.longest(free, request.chunk_size)
        raise ConfigError(
            "frame_num",
            f"of {request.frame_num} at {request.width}×{request.height} needs {memory.gibibytes(needed.bytes_for(latents))} for keys and "
            f"values on {self._settings.dit_device}, which has {memory.gibibytes(free)} left",
            f"at most {4 * (longest - 1) + 1} frames fit" if longest > 0 else "not one chunk fits: lower LINGBOT_WORLD_MAX_AREA",
        )

    def begin(self, request: WorldRequest, report: Report) -> LingbotRun:
        """Takes a session's memory, encodes its prompt and its image. Raises OutOfMemory."""
        from PIL import Image

        model = self._loaded
        sampling = read_sampling(request.config)
        session_config = model.session_config(
            prompt=request.prompt,
            image=Image.fromarray(request.image),
            control_mode=self.control_type,
            fps=int(request.fps),
            chunk_size=request.chunk_size,
            frame_num=request.frame_num,
            seed=request.seed,
            **sampling,
        )
        runtime = _holding_memory(
            model, "beginning the session", lambda: model.pipeline.create_runtime(session_config, progress_callback=report)
        )
        run = LingbotRun(model, runtime, report)
        if (runtime.width, runtime.height) != (request.width, request.height):
            run.close()
            raise RuntimeError(f"the model works at {runtime.width}×{runtime.height} instead of {request.width}×{request.height}")
        return run

    @property
    def _loaded(self) -> LoadedModel:
        if self._model is None:
            raise RuntimeError("the model is not loaded")
        return self._model


class LingbotRun:
    """One session on the model; all calls come on one thread."""

    def __init__(self, model: LoadedModel, runtime: Runtime, report: Report) -> None:
        self._model = model
        self._runtime: Optional[Runtime] = runtime
        self._report = report

    def generate(self, index: int, control: ControlTensor, applied_controls: Tuple[str, ...]) -> List[np.ndarray]:
        """The chunk's frames, RGB. Raises OutOfMemory."""
        model, runtime = self._model, self._open_runtime()
        tensor = model.torch.from_numpy(control.tensor).to(model.pipeline.device)
        pictures = _holding_memory(
            model,
            f"making chunk {index}",
            lambda: model.pipeline.generate_next_chunk(runtime, control_override=tensor, progress_callback=self._report),
        )
        # Copies: the service draws into them.
        frames = [np.array(picture.convert("RGB")) for picture in pictures]
        if not frames:
            raise RuntimeError(f"the model made no picture for chunk {index}")
        return frames

    def set_prompt(self, prompt: str) -> None:
        """Chunks begun from now on follow another prompt."""
        runtime = self._open_runtime()
        runtime.prompt_emb = _holding_memory(
            self._model, "encoding the prompt", lambda: self._model.pipeline.encode_prompt(prompt)
        )
        # Keys and values of the old one are made anew from it.
        for cache in runtime.crossattn_cache:
            cache["is_init"] = False

    def close(self) -> None:
        if self._runtime is None:
            return
        self._runtime = None
        self._model.release_memory()

    def _open_runtime(self) -> Runtime:
        if self._runtime is None:
            raise RuntimeError("the session is closed")
        return self._runtime


def read_sampling(config: Mapping[str, Any]) -> "dict[str, Any]":
    """The members of an offer's `config` that are the model's own. Raises ConfigError."""
    shift = config.get("sample_shift")
    shift = DEFAULT_SAMPLE_SHIFT if shift is None else shift
    if isinstance(shift, bool) or not isinstance(shift, (int, float)) or not 0 < shift <= MAX_SAMPLE_SHIFT:
        raise ConfigError("sample_shift", f"is {shown(shift)}", f"give a number above 0, up to {MAX_SAMPLE_SHIFT:g}")
    attention = config.get("max_attention_size")
    if attention is not None and (isinstance(attention, bool) or not isinstance(attention, int) or attention < 1):
        raise ConfigError("max_attention_size", f"is {shown(attention)}", "give a whole number of tokens from 1, or leave it out")
    return {"sample_shift": float(shift), "max_attention_size": attention}


def _holding_memory(model: LoadedModel, doing: str, work: Callable[[], _T]) -> _T:
    """Does something that needs a GPU's memory. Raises OutOfMemory when there is none left; what was taken is given back by then."""
    try:
        return work()
    except Exception as error:
        if not model.is_out_of_memory(error):
            raise
        reason = " ".join(str(error).split())[:_MAX_REASON]
    # The error, whose frames held on to tensors, is gone from here on.
    model.release_memory()
    raise OutOfMemory(f"the GPU had no memory left for {doing}: {reason}")
