"""The offer's `config`: what a client may choose for its session, read and checked before anything is made."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Mapping

import numpy as np

from .camera import CameraSteps
from .control_messages import MAX_PROMPT_CHARACTERS
from .control_tensor import CONTROL_TYPES, DEFAULT_TRANSLATION_SCALE
from .errors import ConfigError, ControlError, shown
from .frames import FRAME_POLICIES, FramePlan, resolve_frames
from .intrinsics import check_intrinsics

MIN_FPS, MAX_FPS = 1, 60
MAX_CHUNK_SIZE = 16
_MAX_SIDE = 16384
_MAX_SEED = 2**32 - 1
_MAX_STEP = 10.0
_MAX_TURN_DEGREES = 90.0
_MAX_TRANSLATION_SCALE = 1000.0


@dataclass(frozen=True)
class ConfigDefaults:
    """What holds for a service where a client chooses nothing."""

    control_mode: str = "cam"
    fps: int = 16
    chunk_size: int = 3
    max_duration_seconds: float = 20.0
    #: What a client may ask for at most.
    limit_seconds: float = 20.0
    frame_policy: str = "strict"
    translation_scale: float = DEFAULT_TRANSLATION_SCALE
    steps: CameraSteps = field(default_factory=CameraSteps)
    show_control_hud: bool = True
    prompt: str = ""
    seed: int = 42


@dataclass(frozen=True)
class SessionConfig:
    """What a session is made with."""

    prompt: str
    control_mode: str
    plan: FramePlan
    steps: CameraSteps
    translation_scale: float
    show_control_hud: bool
    seed: int
    #: (4,) in pixels of `intrinsics_size`, None for those that are assumed for the image.
    intrinsics: np.ndarray | None
    #: Width and height that the intrinsics are for; None for the working size.
    intrinsics_size: tuple[int, int] | None


def read_session_config(offer: Mapping[str, Any], defaults: ConfigDefaults, max_latents: int | None = None) -> SessionConfig:
    """
    The session that an offer asks for: each field of its `config`, else of the offer itself, else the default; null is as good as none. Fields
    that are not listed here are somebody else's. `max_latents` is how many latent frames the model can make. Raises ConfigError.
    """
    fields = OfferFields(offer)
    mode = fields.choice("control_mode", CONTROL_TYPES, defaults.control_mode)
    if mode != defaults.control_mode:
        raise ConfigError("control_mode", f"is {mode}, and this service is {defaults.control_mode}", f"give {defaults.control_mode}, or leave it out")
    fps = fields.integer("fps", MIN_FPS, MAX_FPS, defaults.fps)
    chunk_size = fields.integer("chunk_size", 1, MAX_CHUNK_SIZE, defaults.chunk_size)
    duration = fields.number("max_duration_seconds", 0, defaults.limit_seconds, defaults.max_duration_seconds)
    frame_num = fields.integer("frame_num", -(2**53), 2**53, None)
    policy = fields.choice("frame_policy", FRAME_POLICIES, defaults.frame_policy)
    return SessionConfig(
        prompt=fields.text("prompt", MAX_PROMPT_CHARACTERS, defaults.prompt),
        control_mode=mode,
        plan=resolve_frames(fps, chunk_size, duration, frame_num, policy, max_latents),
        steps=_read_steps(fields, defaults.steps),
        translation_scale=fields.number("control_translation_scale", 0, _MAX_TRANSLATION_SCALE, defaults.translation_scale, above=True),
        show_control_hud=fields.flag("show_control_hud", defaults.show_control_hud),
        seed=fields.integer("seed", 0, _MAX_SEED, defaults.seed),
        **_read_intrinsics(fields),
    )


def config_schema(defaults: ConfigDefaults) -> dict[str, Any]:
    """
    JSON Schema of the offer's `config`, for a form and for the server's own check. It says of each field what can be said of it alone; how fields
    go together is `read_session_config`'s to check.
    """
    steps = defaults.steps

    def step(title: str, default: float, largest: float) -> dict[str, Any]:
        return {"type": "number", "title": title, "minimum": 0, "maximum": largest, "default": default}

    return {
        "type": "object",
        "properties": {
            "show_control_hud": {"type": "boolean", "title": "Show keys in the picture", "default": defaults.show_control_hud},
            "chunk_size": {
                "type": "integer",
                "title": "Latent frames in a chunk",
                "description": "Keys count from the next chunk on: a small chunk answers sooner.",
                "minimum": 1,
                "maximum": MAX_CHUNK_SIZE,
                "default": defaults.chunk_size,
            },
            "max_duration_seconds": {
                "type": "number",
                "title": "Longest walk (s)",
                "exclusiveMinimum": 0,
                "maximum": defaults.limit_seconds,
                "default": defaults.max_duration_seconds,
            },
            "frame_num": {
                "type": "integer",
                "title": "Frames",
                "description": "4n + 1, and whole chunks. Left out: as many as the longest walk has.",
            },
            "frame_policy": {"type": "string", "title": "When the frames fit no chunk", "enum": list(FRAME_POLICIES), "default": defaults.frame_policy},
            "control_mode": {"type": "string", "title": "Control type", "enum": list(CONTROL_TYPES), "default": defaults.control_mode},
            "control_move_step": step("Step forward and back, in a latent frame", steps.move, _MAX_STEP),
            "control_lateral_step": step("Step aside", steps.lateral, _MAX_STEP),
            "control_yaw_step_degrees": step("Turn (°)", steps.yaw_degrees, _MAX_TURN_DEGREES),
            "control_pitch_step_degrees": step("Look up and down (°)", steps.pitch_degrees, _MAX_TURN_DEGREES),
            "control_pitch_limit_degrees": step("Highest and lowest look (°)", steps.pitch_limit_degrees, 89.0),
            "control_translation_scale": {
                "type": "number",
                "title": "Strength of movement for the model",
                "exclusiveMinimum": 0,
                "maximum": _MAX_TRANSLATION_SCALE,
                "default": defaults.translation_scale,
            },
        },
    }


class OfferFields:
    """Fields of an offer and its `config`, each asked for by type and range. Every method raises ConfigError."""

    def __init__(self, offer: Mapping[str, Any]) -> None:
        config = offer.get("config")
        self._offer = offer
        self._config: Mapping[str, Any] = config if isinstance(config, Mapping) else {}

    def value(self, name: str) -> Any:
        """None where it is not given."""
        found = self._config.get(name)
        return self._offer.get(name) if found is None else found

    def number(self, name: str, low: float, high: float, default: float, *, above: bool = False) -> float:
        """From low (`above`: or rather above it) to high."""
        value = self.value(name)
        if value is None:
            return default
        if not _is_number(value) or not math.isfinite(value):
            raise ConfigError(name, f"must be a number, not {shown(value)}", f"leave it out for {default:g}")
        if value > high or value < low or (above and value <= low):
            raise ConfigError(name, f"is {value:g}", f"give a number {'above' if above else 'from'} {low:g} {'up ' if above else ''}to {high:g}")
        return float(value)

    def integer(self, name: str, low: int, high: int, default: Any) -> Any:
        value = self.value(name)
        if value is None:
            return default
        if not _is_number(value) or value != math.floor(value):
            remedy = "give one, or leave it out" if default is None else f"leave it out for {default}"
            raise ConfigError(name, f"must be a whole number, not {shown(value)}", remedy)
        if not low <= value <= high:
            raise ConfigError(name, f"is {value:g}", f"give {low if value < low else high}: it may be {low} to {high}")
        return int(value)

    def text(self, name: str, longest: int, default: str) -> str:
        value = self.value(name)
        if value is None:
            return default
        if not isinstance(value, str) or len(value) > longest:
            raise ConfigError(name, f"must be a text of at most {longest} characters", "shorten it")
        return value

    def choice(self, name: str, choices: tuple[str, ...], default: str) -> str:
        value = self.value(name)
        if value is None:
            return default
        if value not in choices:
            raise ConfigError(name, f"is {shown(value)}", f"give {' or '.join(choices)}")
        return str(value)

    def flag(self, name: str, default: bool) -> bool:
        value = self.value(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise ConfigError(name, f"must be true or false, not {shown(value)}", f"leave it out for {str(default).lower()}")
        return value


def _read_steps(fields: OfferFields, defaults: CameraSteps) -> CameraSteps:
    return CameraSteps(
        move=fields.number("control_move_step", 0, _MAX_STEP, defaults.move),
        lateral=fields.number("control_lateral_step", 0, _MAX_STEP, defaults.lateral),
        yaw_degrees=fields.number("control_yaw_step_degrees", 0, _MAX_TURN_DEGREES, defaults.yaw_degrees),
        pitch_degrees=fields.number("control_pitch_step_degrees", 0, _MAX_TURN_DEGREES, defaults.pitch_degrees),
        pitch_limit_degrees=fields.number("control_pitch_limit_degrees", 0, 89.0, defaults.pitch_limit_degrees),
    )


def _read_intrinsics(fields: OfferFields) -> dict[str, Any]:
    value = fields.value("intrinsics")
    sides = {name: fields.integer(name, 1, _MAX_SIDE, None) for name in ("intrinsics_width", "intrinsics_height")}
    given = [name for name, side in sides.items() if side is not None]
    if len(given) == 1:
        raise ConfigError(given[0], "is given without the other side", "give intrinsics_width and intrinsics_height, or neither")
    if value is None:
        if given:
            raise ConfigError(given[0], "is given without intrinsics", "give intrinsics as well, or leave their size out")
        return {"intrinsics": None, "intrinsics_size": None}
    try:
        intrinsics = check_intrinsics(value)
    except ControlError as error:
        raise ConfigError(error.field, error.reason, error.remedy) from None
    size = (sides["intrinsics_width"], sides["intrinsics_height"]) if given else None
    return {"intrinsics": intrinsics, "intrinsics_size": size}


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
