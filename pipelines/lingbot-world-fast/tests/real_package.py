"""
The real package on the processor, with small random weights: the whole way from files to pictures. Needs telefuser 0.1.0.post3 with PyTorch and
everything else, some gigabytes, so it is not among the tests that always run. From this folder:

    PYTHONPATH=../../python/libraries:. path/to/python -m unittest tests.real_package

The networks are the package's own classes. The text encoder and the VAE are made small by other defaults, since the package lets no file decide.
"""

from __future__ import annotations

import tempfile
import unittest
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Dict, Iterator, List

import numpy as np
import torch
from lingbot_world_fast.checkpoint import TEXT_ENCODER_FILE, TOKENIZER_DIR, VAE_FILE
from lingbot_world_fast.generator import LingbotGenerator
from lingbot_world_fast.model_shape import DitShape, Shapes, TextEncoderShape, VaeShape
from lingbot_world_fast.settings import read_settings
from telefuser.models.lingbot_world_fast_dit import LingBotWorldFastDiT
from telefuser.models.wan_video_text_encoder import WanTextEncoder
from telefuser.models.wan_video_vae import VideoVAE, WanVideoVAE
from telefuser_world.control_tensor import ControlGeometry, ControlTensor, build_control
from telefuser_world.frames import FramePlan
from telefuser_world.generator import WorldRequest
from telefuser_world.intrinsics import default_intrinsics
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from .small_weights import DIT, TEXT_ENCODER, VAE, write_checkpoint

CHUNK = 2
AREA = 64 * 64


class RealPackageTest(unittest.TestCase):
    def test_the_expected_tensors_are_those_of_the_package_s_networks(self) -> None:
        published = VaeShape((96, 96, 192, 384, 384), (384, 384, 384, 192, 96))
        self.assertEqual(published.tensors(), _shapes_of(WanVideoVAE().model))
        small = WanTextEncoder(**_arguments(TEXT_ENCODER))
        self.assertEqual(TEXT_ENCODER.tensors(), _shapes_of(small))
        for control_type in ("cam", "act"):
            dit = LingBotWorldFastDiT(
                in_dim=36, dim=DIT.dim, ffn_dim=DIT.ffn_dim, text_dim=DIT.text_dim, num_heads=40, num_layers=2, control_type=control_type
            )
            self.assertEqual(DitShape(DIT.dim, DIT.ffn_dim, DIT.text_dim, 2, control_type).tensors(), _shapes_of(dit))

    def test_the_defaults_of_the_text_encoder_are_the_expected_ones(self) -> None:
        names = WanTextEncoder.__init__.__code__.co_varnames[1:]
        defaults = dict(zip(names, WanTextEncoder.__init__.__defaults__ or ()))
        self.assertEqual({name: defaults[name] for name in _arguments(TextEncoderShape())}, _arguments(TextEncoderShape()))

    def test_small_random_weights_make_a_walk(self) -> None:
        with tempfile.TemporaryDirectory() as folder, _small():
            base, fast = write_checkpoint(Path(folder))
            # What was written without PyTorch, PyTorch reads.
            for name, shape in ((VAE_FILE, VAE.tensors()), (TEXT_ENCODER_FILE, TEXT_ENCODER.tensors())):
                read = torch.load(base / name, map_location="cpu", weights_only=True)
                self.assertEqual({key: tuple(value.shape) for key, value in read.items()}, shape)
            _write_tokenizer(base / TOKENIZER_DIR)
            variables = {f"LINGBOT_WORLD_{part}_DEVICE": "cpu" for part in ("DIT", "TEXT", "VAE")}
            variables["LINGBOT_WORLD_CHECKPOINT_DIR"] = str(base)
            variables["LINGBOT_WORLD_FAST_CHECKPOINT_SUBDIR"] = str(fast)
            variables["LINGBOT_WORLD_MAX_AREA"] = str(AREA)
            progress: List[str] = []
            generator = LingbotGenerator(read_settings(variables, 1), text_encoder=TEXT_ENCODER)
            generator.start(lambda _share, text: progress.append(text))
            self.assertIn("Loading the weights: ", progress[-1])
            self._walk(generator)
            generator.stop()

    def _walk(self, generator: LingbotGenerator) -> None:
        image = np.random.default_rng(1).integers(0, 255, (96, 96, 3), dtype=np.uint8)
        width, height = generator.working_size(96, 96)
        self.assertEqual((width, height), (64, 64))
        stages: List[str] = []

        def walk(sideways: bool, prompt: str = "") -> List[np.ndarray]:
            request = WorldRequest("a lake", image, width, height, FramePlan(13, CHUNK, 16), default_intrinsics(width, height), 42)
            generator.check(request)
            run = generator.begin(request, lambda stage, **_fields: stages.append(stage))
            try:
                frames = run.generate(0, _control(width, height, sideways, None), ("d",) if sideways else ("w",))
                self.assertEqual(len(frames), 5)
                cache = run._runtime.crossattn_cache[0]
                before = cache["v"].clone()
                if prompt:
                    run.set_prompt(prompt)
                later = run.generate(1, _control(width, height, sideways, np.eye(4)), ())
                self.assertEqual(len(later), 8)
                # Its words are a few among 512 places, so in pictures of so small a network it does not show.
                self.assertEqual(bool((cache["v"] != before).any()), prompt != "")
                return frames + later
            finally:
                run.close()

        ahead, again, aside = walk(False), walk(False), walk(True)
        walk(False, "a storm over the sea")
        for frame in ahead:
            self.assertEqual((frame.shape, frame.dtype), ((64, 64, 3), np.uint8))
        np.testing.assert_array_equal(ahead, again)
        self.assertGreater(_difference(ahead, aside), 1)
        self.assertIn("runtime_created", stages)
        self.assertIn("chunk_decoded", stages)


def _control(width: int, height: int, sideways: bool, previous: Any) -> ControlTensor:
    poses = np.tile(np.eye(4), (CHUNK, 1, 1))
    poses[:, 0 if sideways else 2, 3] = np.arange(CHUNK) + (0 if previous is None else 1)
    return build_control(ControlGeometry(width, height, CHUNK, default_intrinsics(width, height)), poses, previous)


def _difference(one: List[np.ndarray], other: List[np.ndarray]) -> float:
    return float(np.mean([abs(first.astype(int) - second.astype(int)).mean() for first, second in zip(one, other)]))


def _shapes_of(network: torch.nn.Module) -> Shapes:
    return {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}


def _arguments(shape: TextEncoderShape) -> Dict[str, Any]:
    return {
        "vocab": shape.vocabulary,
        "dim": shape.dim,
        "dim_attn": shape.dim,
        "dim_ffn": shape.ffn_dim,
        "num_heads": shape.heads,
        "num_layers": shape.layers,
        "num_buckets": shape.buckets,
    }


@contextmanager
def _small() -> Iterator[None]:
    before = {network: network.__init__.__defaults__ for network in (WanTextEncoder, VideoVAE)}
    for network, values in ((WanTextEncoder, _arguments(TEXT_ENCODER)), (VideoVAE, {"dim": VAE.encoder_dims[0]})):
        initialise = network.__init__
        names = initialise.__code__.co_varnames[1 : initialise.__code__.co_argcount]
        initialise.__defaults__ = tuple(values.get(name, value) for name, value in zip(names, initialise.__defaults__))
    try:
        yield
    finally:
        for network, defaults in before.items():
            network.__init__.__defaults__ = defaults


def _write_tokenizer(folder: Path) -> None:
    words = ["<pad>", "</s>", "<unk>", "a", "lake", "storm", "over", "the", "sea"]
    tokenizer = Tokenizer(models.WordLevel({word: number for number, word in enumerate(words)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>", eos_token="</s>", unk_token="<unk>").save_pretrained(folder)


if __name__ == "__main__":
    unittest.main()
