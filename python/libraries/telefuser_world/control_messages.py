"""What a client may say, read and checked: a message of the data channel becomes one of these, or a ControlError."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Mapping, Union

import numpy as np

from .control_tensor import check_action
from .errors import ControlError, shown
from .intrinsics import check_intrinsics
from .keys import canonical_key
from .poses import check_poses

MAX_PROMPT_CHARACTERS = 4000
#: A snapshot with more keys than a keyboard has is no snapshot.
_MAX_KEYS = 64
_RELEASES = ("release", "keyup", "end")
_RESETS = ("reset", "reset_pose")
_ACTIONS = ("press", *_RELEASES, *_RESETS)
_MAX_TRANSLATION_SCALE = 1000.0


@dataclass(frozen=True)
class KeyPress:
    key: str


@dataclass(frozen=True)
class KeyRelease:
    key: str


@dataclass(frozen=True)
class KeySnapshot:
    """All keys that are held now."""

    keys: frozenset[str]


@dataclass(frozen=True)
class Reset:
    """All keys are released; `pose`: and the camera goes back to where the session began."""

    pose: bool


@dataclass(frozen=True)
class NewPrompt:
    prompt: str


@dataclass(frozen=True)
class ExplicitPoses:
    """A chunk's way, given outright. Poses (chunk size, 4, 4) from camera to world, in the session's coordinates or seen from `previous`."""

    poses: np.ndarray
    previous: np.ndarray | None
    intrinsics: np.ndarray | None
    action: np.ndarray | None
    translation_scale: float | None


Command = Union[KeyPress, KeyRelease, KeySnapshot, Reset, NewPrompt, ExplicitPoses]


def read_control(message: Mapping[str, Any], chunk_size: int, control_type: str) -> Command:
    """What a client's message asks for. Raises ControlError with the field that is wrong."""
    kind = message.get("type", "control")
    if kind == "control_state":
        return _read_snapshot(message.get("controls"))
    if kind in _RESETS:
        return Reset(kind == "reset_pose")
    if kind not in ("control", "prompt"):
        raise ControlError("type", f"{shown(kind)} is unknown", "send control, control_state, prompt, reset or reset_pose")
    if message.get("poses") is not None:
        return _read_poses(message, chunk_size, control_type)
    if "control_tensor" in message:
        raise ControlError("control_tensor", "is not taken", "send poses: the control tensor is made of them")
    if "prompt" in message:
        return NewPrompt(_read_prompt(message["prompt"]))
    return _read_key(message)


def _read_snapshot(keys: Any) -> KeySnapshot:
    if not isinstance(keys, list) or len(keys) > _MAX_KEYS:
        raise ControlError("controls", f"must be a list of at most {_MAX_KEYS} keys", "send every key that is held, an empty list for none")
    return KeySnapshot(frozenset(canonical_key(key, f"controls[{place}]") for place, key in enumerate(keys)))


def _read_key(message: Mapping[str, Any]) -> Command:
    # The same in the words of different pages.
    field = next((name for name in ("key", "control", "direction") if message.get(name) is not None), "key")
    action_field = "event" if message.get("event") is not None else "action"
    action = message.get(action_field)
    word = "press" if action is None else action
    if not isinstance(word, str) or word.lower() not in _ACTIONS:
        raise ControlError(action_field, f"{shown(action)} is unknown", f"send {', '.join(_ACTIONS)}")
    word = word.lower()
    if word in _RESETS:
        return Reset(word == "reset_pose")
    key = canonical_key(message.get(field), field)
    return KeyRelease(key) if word in _RELEASES else KeyPress(key)


def _read_prompt(prompt: Any) -> str:
    if not isinstance(prompt, str) or len(prompt) > MAX_PROMPT_CHARACTERS:
        raise ControlError("prompt", f"must be a text of at most {MAX_PROMPT_CHARACTERS} characters", "shorten it")
    return prompt


def _read_poses(message: Mapping[str, Any], chunk_size: int, control_type: str) -> ExplicitPoses:
    previous, intrinsics, action = message.get("previous_pose"), message.get("intrinsics"), message.get("action")
    if (action is None) == (control_type == "act"):
        wanted = "is missing" if action is None else "is not taken"
        remedy = f"send {chunk_size} rows of four numbers" if action is None else "leave it out"
        raise ControlError("action", wanted, f"the control_mode of this service is {control_type}: {remedy}")
    return ExplicitPoses(
        poses=check_poses(message["poses"], chunk_size),
        previous=None if previous is None else check_poses([previous], 1, "previous_pose")[0],
        intrinsics=None if intrinsics is None else check_intrinsics(intrinsics),
        action=None if action is None else check_action(action, chunk_size),
        translation_scale=_read_scale(message.get("translation_scale")),
    )


def _read_scale(value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= _MAX_TRANSLATION_SCALE:
        raise ControlError("translation_scale", "must be a positive number", f"send a number up to {_MAX_TRANSLATION_SCALE:g}")
    return float(value)
