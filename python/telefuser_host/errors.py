"""What an exception of the pipeline looks like to others: one line for the client, a traceback for the log."""

from __future__ import annotations

import re
import traceback
from pathlib import Path

_MAX_LINE = 1000
_OWN_FOLDER = str(Path(__file__).resolve().parent)

#: Errors whose text is a sentence of its own; `KeyError('x')` says only 'x'.
_TELLING = (ValueError, TypeError, RuntimeError, OSError)

# Control characters would let a prompt that ends up in an error write lines of its own into the log (CWE-117).
_CONTROL = re.compile(r"\s*[\x00-\x1f\x7f-\x9f\u2028\u2029][\s\x00-\x1f\x7f-\x9f\u2028\u2029]*")


def one_line(error: BaseException) -> str:
    """One line about an exception, at most 1000 characters. Never raises, whatever its `__str__` does."""
    name = type(error).__name__
    if isinstance(error, SystemExit):
        return f"the pipeline called sys.exit({_text(error)})"
    text = _text(error)
    if not text:
        line = name
    elif isinstance(error, _TELLING) or type(error).__module__ != "builtins":
        line = text
    else:
        line = f"{name}: {text}"
    return line if len(line) <= _MAX_LINE else f"{line[:_MAX_LINE]}…"


def _text(error: BaseException) -> str:
    try:
        return _CONTROL.sub(" ", str(error)).strip()
    except Exception:
        return "an error that cannot be read"


def format_traceback(error: BaseException) -> str:
    """The traceback with the causes, without the host's own frames: an author looks for the place in the pipeline."""
    try:
        described = traceback.TracebackException.from_exception(error)
        _leave_out_own_frames(described)
        return "".join(described.format()).rstrip()
    except Exception:
        return one_line(error)


def _leave_out_own_frames(described: traceback.TracebackException) -> None:
    pending, seen = [described], set()
    while pending:
        item = pending.pop()
        if id(item) in seen:
            continue
        seen.add(id(item))
        item.stack[:] = [frame for frame in item.stack if not frame.filename.startswith((_OWN_FOLDER, "<frozen importlib"))]
        pending.extend(linked for linked in (item.__cause__, item.__context__) if linked is not None)


def place_of(error: BaseException, folder: Path) -> str:
    """
    Where an error came from, as ` (file:line)`: the last place in the pipeline's folder, or where there is none the last of all. Empty
    when it came from no file.
    """
    if isinstance(error, SyntaxError) and error.filename is not None and not error.filename.startswith("<"):
        return f" ({error.filename}:{error.lineno})"
    places = [
        frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith((_OWN_FOLDER, "<"))
    ]
    if not places:
        return ""
    last = next((frame for frame in reversed(places) if _is_own(frame.filename, folder)), places[-1])
    return f" ({last.filename}:{last.lineno})"


def _is_own(file: str, folder: Path) -> bool:
    """Whether a file is the author's: a virtual environment in the folder is not."""
    try:
        parts = Path(file).relative_to(folder).parts
    except ValueError:
        return False
    return not {"site-packages", "dist-packages"}.intersection(parts)
