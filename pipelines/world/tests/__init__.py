"""Tests of the garden: `python3 -B -m unittest discover -s tests -t .` in pipelines/world."""

import sys
from pathlib import Path

_WORLD = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(_WORLD), str(_WORLD.parent.parent / "python" / "libraries")]
