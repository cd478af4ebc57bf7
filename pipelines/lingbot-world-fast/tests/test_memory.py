from __future__ import annotations

import unittest
from pathlib import Path

from lingbot_world_fast.checkpoint import Checkpoint
from lingbot_world_fast.errors import ModelUnavailable
from lingbot_world_fast.memory import GIB, check_weights_fit, session_memory, weights_by_device
from lingbot_world_fast.model_shape import DitShape
from lingbot_world_fast.settings import read_settings

#: The network of the package's defaults.
DIT = DitShape(dim=5120, ffn_dim=13_824, text_dim=4096, layers=40, control_type="cam")
CHECKPOINT = Checkpoint(DIT, dit_bytes=35 * GIB, text_encoder_bytes=11 * GIB, vae_bytes=GIB // 4)
BASE = {"LINGBOT_WORLD_CHECKPOINT_DIR": str(Path("/models"))}


class MemoryTest(unittest.TestCase):
    def test_keys_and_values_grow_with_frames_and_pixels(self) -> None:
        needed = session_memory(DIT, 832, 480)
        # 2 (key, value) × 40 layers × 5120 × 2 bytes, for 52 × 30 tokens a latent frame; 81 frames are 21 of them.
        self.assertEqual(needed.bytes_a_latent, 2 * 40 * 5120 * 2 * 1560)
        self.assertAlmostEqual(needed.bytes_for(21) / GIB, 25.4, 1)
        self.assertEqual(session_memory(DIT, 416, 240).bytes_a_latent * 4, needed.bytes_a_latent)

    def test_the_longest_session_is_of_whole_chunks_and_fits(self) -> None:
        needed = session_memory(DIT, 832, 480)
        for free in (0, GIB, 25 * GIB, 40 * GIB):
            longest = needed.longest(free, 3)
            self.assertEqual(longest % 3, 0)
            self.assertTrue(longest == 0 or needed.bytes_for(longest) <= free)
            self.assertGreater(needed.bytes_for(longest + 3), free)

    def test_counts_the_weights_of_each_device(self) -> None:
        self.assertEqual(weights_by_device(read_settings(BASE, 1), CHECKPOINT), {"cuda:0": 46 * GIB + GIB // 4})
        self.assertEqual(weights_by_device(read_settings(BASE, 2), CHECKPOINT), {"cuda:0": 35 * GIB, "cuda:1": 11 * GIB + GIB // 4})

    def test_refuses_weights_that_no_device_has_room_for(self) -> None:
        check_weights_fit(read_settings(BASE, 2), CHECKPOINT, {"cuda:0": 40 * GIB, "cuda:1": 12 * GIB})
        check_weights_fit(read_settings({**BASE, "LINGBOT_WORLD_TEXT_DEVICE": "cpu"}, 1), CHECKPOINT, {"cuda:0": 40 * GIB, "cpu": None})
        with self.assertRaises(ModelUnavailable) as caught:
            check_weights_fit(read_settings(BASE, 1), CHECKPOINT, {"cuda:0": 40 * GIB})
        self.assertIn("need 46.2 GiB on cuda:0, which has 40.0 GiB left", str(caught.exception))
