"""Keys that a client presses, and the eight controls that they mean."""

from __future__ import annotations

from .errors import ControlError, shown

#: Forward, left, backward, right: also the order of the columns of an action.
MOVE_CONTROLS = ("w", "a", "s", "d")
#: Up, left, down, right.
LOOK_CONTROLS = ("i", "j", "k", "l")
CONTROLS = MOVE_CONTROLS + LOOK_CONTROLS

_ARROWS = {
    "ArrowUp": frozenset("w"),
    "ArrowDown": frozenset("s"),
    # A viewer with four keys wants to look round, and a turn that also steps aside keeps what is looked at in sight.
    "ArrowLeft": frozenset("aj"),
    "ArrowRight": frozenset("dl"),
}
_WORDS = {"up": "ArrowUp", "down": "ArrowDown", "left": "ArrowLeft", "right": "ArrowRight", "forward": "w", "backward": "s"}

#: What a client may call a key, besides the letters: for messages about the others.
KEY_NAMES = (*_ARROWS, "WASD", "IJKL")


class UnknownKeyError(ControlError):
    """A key that means nothing here."""

    def __init__(self, field: str, key: object) -> None:
        super().__init__(field, f"names no known key: {shown(key)}", f"the keys are {', '.join(KEY_NAMES)}")


def canonical_key(key: object, field: str = "key") -> str:
    """
    A key by its one name: `ArrowUp` … or a letter of `CONTROLS`. Takes `KeyboardEvent.key` and `.code`, letters in either case, and the words
    up, down, left, right (the arrows), forward and backward. Raises UnknownKeyError.
    """
    if isinstance(key, str):
        if key in _ARROWS:
            return key
        letter = key[3:] if len(key) == 4 and key.startswith("Key") else key
        if len(letter) == 1 and letter.lower() in CONTROLS:
            return letter.lower()
        word = _WORDS.get(key.lower())
        if word is not None:
            return word
    raise UnknownKeyError(field, key)


def controls_of(key: object, field: str = "key") -> frozenset[str]:
    """The controls that a key means, in any of its spellings. Raises UnknownKeyError."""
    name = canonical_key(key, field)
    return _ARROWS.get(name) or frozenset(name)


def in_order(controls: frozenset[str] | set[str]) -> tuple[str, ...]:
    """Controls as they are told to a client: sorted."""
    return tuple(sorted(controls))
