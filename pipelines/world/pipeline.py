"""
A world to walk in: the controls, the camera, the control tensor and the chunks of LingBot-World-Fast, with a renderer in place of the model. See
README.md. Needs numpy and Pillow (Debian: python3-numpy python3-pil).
"""

from __future__ import annotations

from pathlib import Path

from garden.painting import painting
from garden.walk import GardenGenerator
from telefuser_world.pillow_image import ImageReader
from telefuser_world.service import WorldService
from telefuser_world.session_config import ConfigDefaults

DEFAULT_SECONDS, LIMIT_SECONDS = 600.0, 3600.0

ABOUT = {
    "name": "A garden to walk in",
    "description": "Walk with the arrow keys or WASD, look round with IJKL. A renderer that takes what the LingBot-World-Fast model takes; the prompt chooses "
    "time of day and weather, and your image hangs in the garden.",
    "default_prompt": "A walled garden with a fountain on a bright afternoon",
    "controls": ["arrows", "wasd", "ijkl"],
    "inputs": ["prompt", "image"],
}


def get_service(images: str = "") -> WorldService:
    """`images` is a folder whose files a client may name as its image (`-o images=/data/pictures --asset /data/pictures`)."""
    read_image = ImageReader([Path(images)] if images else [])
    defaults = ConfigDefaults(max_duration_seconds=DEFAULT_SECONDS, limit_seconds=LIMIT_SECONDS, prompt=ABOUT["default_prompt"])
    return WorldService(GardenGenerator(), defaults, about=ABOUT, default_image=painting, read_image=read_image)
