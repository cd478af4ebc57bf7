"""pipelines/lingbot-world-fast with its real loading path on small random weights, and a stand-in for the networks."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "pipelines" / "lingbot-world-fast"))

from lingbot_world_fast.generator import LingbotGenerator
from lingbot_world_fast.settings import read_settings
from pipeline import make_service
from tests.small_model import load_small_model
from tests.small_weights import TEXT_ENCODER


def get_service(gpu_num: int = 1) -> Any:
    settings = read_settings(os.environ, gpu_num)
    return make_service(LingbotGenerator(settings, text_encoder=TEXT_ENCODER, require=lambda: None, load=load_small_model))
