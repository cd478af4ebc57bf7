from __future__ import annotations

import gc
import tempfile
import unittest
import weakref
from dataclasses import replace
from pathlib import Path
from typing import Any, List, Tuple

import numpy as np
from lingbot_world_fast.errors import ModelUnavailable
from lingbot_world_fast.generator import LingbotGenerator, read_sampling
from lingbot_world_fast.settings import Settings, read_settings
from lingbot_world_fast.telefuser_pipeline import LoadedModel
from telefuser_world.control_tensor import ControlGeometry, ControlTensor, build_control
from telefuser_world.errors import ConfigError
from telefuser_world.frames import FramePlan
from telefuser_world.generator import OutOfMemory, WorldRequest
from telefuser_world.intrinsics import default_intrinsics

from .small_model import GIB, HEIGHT, WIDTH, load_small_model
from .small_weights import TEXT_ENCODER, write_checkpoint

CHUNK = 2
FORWARD = np.tile(np.eye(4), (CHUNK, 1, 1))


class GeneratorTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        base, fast = write_checkpoint(Path(folder.name))
        self.settings = read_settings(
            {"LINGBOT_WORLD_CHECKPOINT_DIR": str(base), "LINGBOT_WORLD_FAST_CHECKPOINT_SUBDIR": str(fast)}, 1
        )
        self.loads: List[LoadedModel] = []
        self.reports: List[Tuple[str, Any]] = []

    def load(self, settings: Settings, checkpoint: Any) -> LoadedModel:
        self.loads.append(load_small_model(settings, checkpoint))
        return self.loads[-1]

    def start(self) -> LingbotGenerator:
        generator = LingbotGenerator(self.settings, text_encoder=TEXT_ENCODER, require=lambda: None, load=self.load)
        generator.start(lambda _share, _text: None)
        return generator

    def report(self, stage: str, **fields: Any) -> None:
        self.reports.append((stage, fields))

    def begin(self, generator: LingbotGenerator, prompt: str = "a lake", **changes: Any) -> Any:
        return generator.begin(request(prompt, **changes), self.report)

    def test_says_what_is_missing_before_anything_is_loaded(self) -> None:
        def nothing_installed() -> None:
            raise ModelUnavailable("the Python package telefuser is not installed")

        unpacked = LingbotGenerator(self.settings, text_encoder=TEXT_ENCODER, require=nothing_installed, load=self.load)
        with self.assertRaisesRegex(ModelUnavailable, "telefuser is not installed"):
            unpacked.start(lambda _share, _text: None)
        other = replace(self.settings, checkpoint_dir=Path("/nowhere"))
        empty = LingbotGenerator(other, text_encoder=TEXT_ENCODER, require=lambda: None, load=self.load)
        with self.assertRaisesRegex(ModelUnavailable, "there is no Wan2.1_VAE.pth in /nowhere"):
            empty.start(lambda _share, _text: None)
        self.assertEqual(self.loads, [])

    def test_hands_the_session_and_each_control_on_as_they_are(self) -> None:
        generator = self.start()
        run = self.begin(generator, config={"sample_shift": 7, "max_attention_size": 4680})
        control = control_of(FORWARD)
        frames = run.generate(0, control, ("w",))
        runtime = self.loads[0].pipeline.runtimes[0]
        self.assertEqual((runtime.config.sample_shift, runtime.config.max_attention_size, runtime.config.seed), (7.0, 4680, 5))
        self.assertEqual((runtime.config.frame_num, runtime.config.chunk_size, runtime.config.control_mode), (13, CHUNK, "cam"))
        self.assertIs(runtime.controls[0], control.tensor)
        self.assertEqual([frame.shape for frame in frames], [(HEIGHT, WIDTH, 3)] * 5)
        self.assertTrue(all(frame.flags.writeable for frame in frames))
        self.assertIn(("denoising_chunk", {"index": 0}), self.reports)

    def test_the_small_weights_and_the_control_make_the_pictures(self) -> None:
        generator = self.start()
        ahead, aside = FORWARD.copy(), FORWARD.copy()
        ahead[1, 2, 3] = 1
        aside[1, 0, 3] = 1
        pictures = [self.begin(generator).generate(0, control_of(poses), ())[-1].astype(int) for poses in (ahead, aside, aside)]
        self.assertGreater(abs(pictures[0] - pictures[1]).mean(), 0.2)
        np.testing.assert_array_equal(pictures[1], pictures[2])

    def test_another_prompt_takes_the_place_of_the_first_one_s_keys_and_values(self) -> None:
        run = self.begin(self.start())
        self.assertIsNone(run.set_prompt("a storm"))
        runtime = self.loads[0].pipeline.runtimes[0]
        self.assertEqual((runtime.prompt_emb, runtime.crossattn_cache), ("a storm", [{"is_init": False}]))

    def test_without_memory_a_session_ends_gives_back_what_it_had_and_the_next_one_works(self) -> None:
        generator = self.start()
        cuda = self.loads[0].torch.cuda
        with self.assertRaisesRegex(OutOfMemory, "no memory left for beginning the session: CUDA out of memory. Tried to allocate 24.99"):
            self.begin(generator, "no memory to begin")
        self.assertEqual(cuda.emptied, 1)
        run = self.begin(generator, "no memory for chunk 1")
        run.generate(0, control_of(FORWARD), ())
        with self.assertRaisesRegex(OutOfMemory, "no memory left for making chunk 1"):
            run.generate(1, control_of(FORWARD), ())
        self.assertEqual(cuda.emptied, 2)
        runtime = weakref.ref(self.loads[0].pipeline.runtimes.pop())
        run.close()
        run.close()
        gc.collect()
        self.assertIsNone(runtime())
        self.assertEqual(cuda.emptied, 3)
        self.assertEqual(len(self.begin(generator).generate(0, control_of(FORWARD), ())), 5)

    def test_other_errors_are_not_taken_for_it(self) -> None:
        model = self.start()._loaded
        self.assertTrue(model.is_out_of_memory(RuntimeError("CUDA error: out of memory")))
        self.assertTrue(model.is_out_of_memory(RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate")))
        for error in (RuntimeError("CUDA error: device-side assert triggered"), ValueError("CUDA error: out of memory")):
            self.assertFalse(model.is_out_of_memory(error))

    def test_refuses_at_the_offer_what_the_gpu_has_no_memory_for(self) -> None:
        generator = self.start()
        generator.check(request("a lake"))
        # 2 × 2 layers × 240 × 2 bytes × 8 × 4 tokens a latent frame, and 512 of the prompt.
        self.loads[0].torch.cuda.free = 1920 * (512 + 5 * 32)
        generator.check(request("a lake"))
        with self.assertRaises(ConfigError) as caught:
            generator.check(request("a lake", frame_num=29))
        self.assertRegex(str(caught.exception), r"^frame_num of 29 at 128×64 needs 1\.4 MiB .* on cuda:0, which has 1\.2 MiB left; at most 13 frames fit$")
        self.loads[0].torch.cuda.free = 1000
        with self.assertRaisesRegex(ConfigError, "not one chunk fits: lower LINGBOT_WORLD_MAX_AREA"):
            generator.check(request("a lake"))
        self.loads[0].torch.cuda.free = 80 * GIB

    def test_refuses_sampling_that_is_none(self) -> None:
        for config in ({"sample_shift": 0}, {"sample_shift": True}, {"sample_shift": "5"}, {"max_attention_size": 1.5}):
            with self.subTest(config), self.assertRaises(ConfigError):
                read_sampling(config)
        self.assertEqual(read_sampling({}), {"sample_shift": 5.0, "max_attention_size": None})


def request(prompt: str, *, frame_num: int = 13, **changes: Any) -> WorldRequest:
    image = np.zeros((48, 80, 3), np.uint8) + 128
    fields = {"seed": 5, "config": {}, **changes}
    return WorldRequest(prompt, image, WIDTH, HEIGHT, FramePlan(frame_num, CHUNK, 16), default_intrinsics(WIDTH, HEIGHT), **fields)


def control_of(poses: np.ndarray) -> ControlTensor:
    return build_control(ControlGeometry(WIDTH, HEIGHT, CHUNK, default_intrinsics(WIDTH, HEIGHT)), poses, None)
