"""Base64 as clients and pipelines write it."""

from __future__ import annotations

import binascii
import re

_WHITE_SPACE = re.compile(r"\s+")
_ALPHABET = re.compile(r"[A-Za-z0-9+/]*")
_URL_SAFE = str.maketrans("-_", "+/")


def decode_base64(text: str | bytes | bytearray) -> bytes | None:
    """The bytes of standard or URL-safe base64, padded or not; white space is skipped. None when the text is not base64."""
    try:
        data = binascii.a2b_base64(text)
        # The decoder skips what it does not know, so a wrong length means white space (fine) or rubbish (not).
        if len(data) == _decoded_length(len(text), _padding(text)):
            return data
    except ValueError:
        pass
    return _decode_carefully(text if isinstance(text, str) else text.decode("latin-1"))


def _decode_carefully(text: str) -> bytes | None:
    compact = _WHITE_SPACE.sub("", text).translate(_URL_SAFE)
    if len(compact) % 4 == 0:
        compact = compact[: len(compact) - _padding(compact)]
    if len(compact) % 4 == 1 or _ALPHABET.fullmatch(compact) is None:
        return None
    return binascii.a2b_base64(compact + "=" * (-len(compact) % 4))


def _padding(text: str | bytes | bytearray) -> int:
    end = text[-2:] if isinstance(text, str) else bytes(text[-2:]).decode("latin-1")
    return 2 if end == "==" else 1 if end.endswith("=") else 0


def _decoded_length(length: int, padding: int) -> int:
    """Bytes that clean, padded base64 of this length holds, or -1 when it is not padded to a multiple of four."""
    return -1 if length % 4 != 0 else length // 4 * 3 - padding
