"""
LingBot-World-Fast, the interactive world model, on GPUs. See README.md for its files and settings.

Needs telefuser 0.1.0.post3 and what that needs, PyTorch among it (Python 3.10 or newer).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Dict, Optional

import numpy as np
from lingbot_world_fast.default_image import draw_default_image
from lingbot_world_fast.errors import ModelUnavailable
from lingbot_world_fast.generator import FPS, LingbotGenerator
from lingbot_world_fast.settings import read_settings
from telefuser_world.pillow_image import ImageReader, decode_image
from telefuser_world.service import WorldService
from telefuser_world.session_config import ConfigDefaults

ABOUT: Dict[str, Any] = {
    "name": "LingBot-World-Fast",
    "description": "A generated world to walk through, begun from a picture. Move with WASD or the arrow keys, look with IJKL.",
    "default_prompt": "A quiet path over a green meadow, hills in the distance, a clear summer day.",
    "controls": ["arrows", "wasd", "ijkl"],
    "inputs": ["prompt", "image"],
    "tasks": ["bidirectional"],
}
#: 81 frames, as in the model's guide.
DURATION_SECONDS = 5.0
MAX_DURATION_SECONDS = 60.0


def make_service(generator: LingbotGenerator, image: Optional[str] = None, images: Optional[str] = None) -> WorldService:
    """
    The service in front of a generator. `image` is the file that sessions without a picture begin from, `images` a folder whose pictures clients may
    name by `image_path`.
    """
    default_image = draw_default_image() if image is None else _read_file(Path(image))

    defaults = ConfigDefaults(
        control_mode=generator.control_type,
        fps=FPS,
        max_duration_seconds=DURATION_SECONDS,
        limit_seconds=MAX_DURATION_SECONDS,
        prompt=ABOUT["default_prompt"],
    )
    reader = ImageReader([] if images is None else [Path(images)])
    return WorldService(generator, defaults, about=ABOUT, default_image=lambda: default_image, read_image=reader)


def _read_file(path: Path) -> np.ndarray:
    try:
        return decode_image(path.read_bytes(), "image")
    except OSError as error:
        raise ModelUnavailable(f"the picture of -o image={path} cannot be read ({error.strerror}); --asset may have to name it") from None


def get_service(gpu_num: int = 1, image: Optional[str] = None, images: Optional[str] = None) -> WorldService:
    return make_service(LingbotGenerator(read_settings(os.environ, gpu_num)), image, images)
