"""What a client can do wrong."""

from __future__ import annotations


class ControlError(ValueError):
    """A value of a client that cannot be used: which field, what is wrong with it, and what to do."""

    def __init__(self, field: str, reason: str, remedy: str) -> None:
        super().__init__(f"{field} {reason}; {remedy}")
        self.field = field
        self.reason = reason
        self.remedy = remedy


class ConfigError(ControlError):
    """A field of the offer's `config`."""


def shown(value: object, limit: int = 60) -> str:
    """A client's value for an error message, cut."""
    text = repr(value)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
