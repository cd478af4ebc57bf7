from __future__ import annotations

import unittest
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from unittest import mock

from lingbot_world_fast import telefuser_pipeline
from lingbot_world_fast.errors import ModelUnavailable
from lingbot_world_fast.settings import read_settings

BASE = {"LINGBOT_WORLD_CHECKPOINT_DIR": "/models"}


@dataclass
class NewerConfig:
    """As a later version of the package has it."""

    vae_encode_config: Any = None
    dit_config: Any = None
    max_area: int = 0


class TelefuserPipelineTest(unittest.TestCase):
    def test_names_the_package_that_is_missing(self) -> None:
        with mock.patch("importlib.util.find_spec", lambda name: None if name == "torch" else object()):
            with self.assertRaisesRegex(ModelUnavailable, "the Python package torch is not installed: looked for by"):
                telefuser_pipeline.require_packages()
        with mock.patch("importlib.util.find_spec", lambda _name: object()):
            telefuser_pipeline.require_packages()

    def test_refuses_a_version_that_is_built_in_another_way(self) -> None:
        parts = SimpleNamespace(config_class=NewerConfig, pipeline_class=SimpleNamespace(encode_prompt=print))
        with self.assertRaises(ModelUnavailable) as caught:
            telefuser_pipeline._check_interface(parts)  # type: ignore[arg-type]
        self.assertIn("it has no checkpoint_dir, fast_checkpoint_subdir, vae_config", str(caught.exception))
        self.assertIn("create_runtime, generate_next_chunk, _best_output_size", str(caught.exception))
        self.assertIn("pip install telefuser==0.1.0.post3", str(caught.exception))

    def test_says_that_there_is_no_gpu_or_not_enough_of_them(self) -> None:
        settings = read_settings(BASE, 2)
        with self.assertRaisesRegex(ModelUnavailable, "PyTorch 2.6.0 finds no GPU: nvidia-smi has to list one"):
            telefuser_pipeline._check_devices(settings, torch_with(0))
        with self.assertRaisesRegex(ModelUnavailable, "GPU 1 is to be used, and there are 1: say --gpu-num 1, or look at CUDA_VISIBLE"):
            telefuser_pipeline._check_devices(settings, torch_with(1))
        telefuser_pipeline._check_devices(settings, torch_with(2))
        on_processor = {f"LINGBOT_WORLD_{part}_DEVICE": "cpu" for part in ("DIT", "TEXT", "VAE")}
        telefuser_pipeline._check_devices(read_settings({**BASE, **on_processor}, 1), torch_with(0))

    def test_counts_what_pytorch_keeps_and_does_not_use_as_free(self) -> None:
        torch = torch_with(1, mem_get_info=lambda _device: (100, 1000), memory_reserved=lambda _device: 50, memory_allocated=lambda _device: 20)
        self.assertEqual(telefuser_pipeline.free_bytes(torch, "cuda:0"), 130)
        self.assertIsNone(telefuser_pipeline.free_bytes(torch, "cpu"))


def torch_with(gpus: int, **more: Any) -> Any:
    cuda = SimpleNamespace(is_available=lambda: gpus > 0, device_count=lambda: gpus, **more)
    return SimpleNamespace(__version__="2.6.0", cuda=cuda)
