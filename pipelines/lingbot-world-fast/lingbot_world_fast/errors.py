"""What keeps the model from being served."""

from __future__ import annotations


class ModelUnavailable(RuntimeError):
    """The model cannot be started; the text says what is missing, where it was looked for, and what to do."""
