"""What the tests of `telefuser_world` begin with: the library on the path, and numpy, without which there is nothing to test."""

from __future__ import annotations

import sys
import unittest
from pathlib import Path

LIBRARIES = Path(__file__).resolve().parents[1] / "libraries"
if str(LIBRARIES) not in sys.path:
    sys.path.append(str(LIBRARIES))

try:
    import numpy  # noqa: F401
except ImportError:
    raise unittest.SkipTest("needs numpy") from None
