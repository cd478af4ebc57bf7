from __future__ import annotations

import unittest
from pathlib import Path
from typing import Dict

from lingbot_world_fast.errors import ModelUnavailable
from lingbot_world_fast.settings import read_settings

BASE = {"LINGBOT_WORLD_CHECKPOINT_DIR": "/models/base"}


class SettingsTest(unittest.TestCase):
    def test_has_defaults_for_all_but_the_folder(self) -> None:
        settings = read_settings(BASE, 1)
        self.assertEqual(settings.checkpoint_dir, Path("/models/base"))
        self.assertEqual(settings.fast_dir, Path("/models/base/lingbot_world_fast"))
        self.assertEqual((settings.control_type, settings.max_area), ("cam", 399_360))

    def test_takes_the_dit_s_folder_below_the_other_or_anywhere(self) -> None:
        subdir = "LINGBOT_WORLD_FAST_CHECKPOINT_SUBDIR"
        self.assertEqual(read_settings({**BASE, subdir: "fast"}, 1).fast_dir, Path("/models/base/fast"))
        self.assertEqual(read_settings({**BASE, subdir: "/fast"}, 1).fast_dir, Path("/fast"))

    def test_keeps_one_gpu_for_all_or_two_with_the_dit_alone_on_the_first(self) -> None:
        one, two = read_settings(BASE, 1), read_settings(BASE, 2)
        self.assertEqual((one.dit_device, one.text_device, one.vae_device), ("cuda:0", "cuda:0", "cuda:0"))
        self.assertEqual((two.dit_device, two.text_device, two.vae_device), ("cuda:0", "cuda:1", "cuda:1"))
        self.assertEqual((one.gpus, two.gpus), ((0,), (0, 1)))

    def test_lets_each_network_be_put_elsewhere(self) -> None:
        settings = read_settings({**BASE, "LINGBOT_WORLD_TEXT_DEVICE": "cpu", "LINGBOT_WORLD_VAE_DEVICE": "cuda:2"}, 3)
        self.assertEqual((settings.text_device, settings.vae_device, settings.gpus), ("cpu", "cuda:2", (0, 2)))
        older = read_settings({**BASE, "LINGBOT_WORLD_VAE_DEVICE": "cuda", "LINGBOT_WORLD_VAE_DEVICE_ID": "1"}, 2)
        self.assertEqual(older.vae_device, "cuda:1")

    def test_names_the_variable_that_is_wrong(self) -> None:
        cases: Dict[str, Dict[str, str]] = {
            "LINGBOT_WORLD_CHECKPOINT_DIR is not set": {"LINGBOT_WORLD_CHECKPOINT_DIR": " "},
            'LINGBOT_WORLD_CONTROL_TYPE must be cam or act, not "camera"': {"LINGBOT_WORLD_CONTROL_TYPE": "camera"},
            'LINGBOT_WORLD_MAX_AREA must be a whole number of pixels from 4096 to 921600, such as 399360 (832×480), not "832x480"': {
                "LINGBOT_WORLD_MAX_AREA": "832x480"
            },
            'not "100"': {"LINGBOT_WORLD_MAX_AREA": "100"},
            'LINGBOT_WORLD_DIT_DEVICE must be cpu, cuda or cuda:N, not "mps"': {"LINGBOT_WORLD_DIT_DEVICE": "mps"},
            "LINGBOT_WORLD_VAE_DEVICE names GPU 3, but --gpu-num 2 gives the GPUs 0 to 1": {"LINGBOT_WORLD_VAE_DEVICE": "cuda:3"},
            "LINGBOT_WORLD_TEXT_DEVICE_ID must be the number of a GPU": {"LINGBOT_WORLD_TEXT_DEVICE_ID": "x"},
        }
        for expected, variables in cases.items():
            with self.subTest(expected), self.assertRaises(ModelUnavailable) as caught:
                read_settings({**BASE, **variables}, 2)
            self.assertIn(expected, str(caught.exception))
