from __future__ import annotations

import json
import pickle
import tempfile
import unittest
import zipfile
from pathlib import Path
from typing import Callable, List

from lingbot_world_fast.checkpoint import DIT_FILE, DIT_INDEX, TEXT_ENCODER_FILE, TOKENIZER_DIR, VAE_FILE, Checkpoint, check_checkpoint
from lingbot_world_fast.errors import ModelUnavailable
from lingbot_world_fast.model_shape import DitShape, TextEncoderShape, VaeShape
from lingbot_world_fast.settings import Settings, read_settings

from .small_weights import DIT, TEXT_ENCODER, table_of, write_checkpoint, write_safetensors, write_shards


class CheckpointTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.base, self.fast = write_checkpoint(self.root)

    def settings(self, **variables: str) -> Settings:
        paths = {"LINGBOT_WORLD_CHECKPOINT_DIR": str(self.base), "LINGBOT_WORLD_FAST_CHECKPOINT_SUBDIR": str(self.fast)}
        return read_settings({**paths, **variables}, 1)

    def check(self, **variables: str) -> Checkpoint:
        return check_checkpoint(self.settings(**variables), TEXT_ENCODER, lambda _line: None)

    def problem(self, **variables: str) -> str:
        with self.assertRaises(ModelUnavailable) as caught:
            self.check(**variables)
        return str(caught.exception)

    def test_takes_files_that_are_all_there_in_shards_or_in_one(self) -> None:
        self.assertEqual(self.check().dit, DIT)
        for file in self.fast.iterdir():
            file.unlink()
        write_safetensors(self.fast / DIT_FILE, DIT.tensors())
        self.assertEqual(self.check().dit, DIT)

    def test_counts_weights_as_they_are_loaded(self) -> None:
        weights = sum(_elements(shape) for shape in TEXT_ENCODER.tensors().values())
        self.assertEqual(self.check().text_encoder_bytes, 2 * weights)

    def test_says_which_file_is_missing_and_where_it_was_looked_for(self) -> None:
        (self.base / VAE_FILE).unlink()
        problem = self.problem()
        self.assertIn(f"there is no {VAE_FILE} in {self.base}", problem)
        self.assertIn(f"{self.base} (LINGBOT_WORLD_CHECKPOINT_DIR)", problem)
        self.assertIn(f"LINGBOT_WORLD_FAST_CHECKPOINT_SUBDIR={self.fast}", problem)

    def test_says_all_that_is_wrong_in_the_log_and_the_first_of_it_in_the_error(self) -> None:
        lines: List[str] = []
        empty = self.root / "empty"
        empty.mkdir()
        settings = self.settings(LINGBOT_WORLD_CHECKPOINT_DIR=str(empty), LINGBOT_WORLD_FAST_CHECKPOINT_SUBDIR="")
        with self.assertRaises(ModelUnavailable) as caught:
            check_checkpoint(settings, TEXT_ENCODER, lines.append)
        self.assertEqual(len(lines), 4)
        self.assertIn(f"there is no folder {empty}/lingbot_world_fast with the DiT", lines[3])
        self.assertIn("and 1 more, in the log", str(caught.exception))
        self.assertLess(len(str(caught.exception)), 1000)

    def test_knows_the_name_under_which_the_index_is_published_elsewhere(self) -> None:
        (self.fast / DIT_INDEX).rename(self.fast / "model.safetensors.index.json")
        self.assertIn(f"ln -s model.safetensors.index.json {self.fast / DIT_INDEX}", self.problem())

    def test_finds_a_shard_that_is_missing_cut_off_or_not_what_the_index_says(self) -> None:
        shard = sorted(self.fast.glob("*.safetensors"))[0]
        whole = shard.read_bytes()
        shard.unlink()
        self.assertIn(f"there is no {shard.name} in {self.fast}", self.problem())
        shard.write_bytes(whole[:-7])
        self.assertRegex(self.problem(), rf"{shard.name}: it has {len(whole) - 7} bytes, and its header promises {len(whole)}")
        shard.write_bytes(whole[:100])
        self.assertIn(f"{shard.name}: it ends within its header", self.problem())
        shard.write_bytes(b"<html>404</html>")
        self.assertIn(f"{shard.name}: it is no safetensors file", self.problem())
        shard.write_bytes((100_000).to_bytes(8, "little") + b"[" * 100_000)
        self.assertIn(f"{shard.name}: its header is no JSON", self.problem())
        write_safetensors(shard, {"patch_embedding.weight": (1,)})
        self.assertIn(f"{shard.name} lacks ", self.problem())

    def test_refuses_an_index_that_leads_elsewhere(self) -> None:
        for name in ("../secret.safetensors", "/etc/passwd", 7):
            (self.fast / DIT_INDEX).write_text(json.dumps({"weight_map": {"a": name}}))
            self.assertIn("which is no file beside it", self.problem())
        for text in ("[]", '{"weight_map": {}}', "{", "[" * 100_000):
            (self.fast / DIT_INDEX).write_text(text)
            self.assertIn(DIT_INDEX, self.problem())

    def test_finds_tensors_that_are_missing_or_of_another_shape(self) -> None:
        shapes = DIT.tensors()
        del shapes["blocks.1.cam_injector_layer1.weight"]
        shapes["head.head.bias"] = (7,)
        write_shards(self.fast, shapes)
        self.assertIn("head.head.bias is 7 instead of 64, blocks.1.cam_injector_layer1.weight is missing", self.problem())

    def test_finds_a_dit_of_the_other_control_type(self) -> None:
        self.assertIn("was made for cam, and LINGBOT_WORLD_CONTROL_TYPE is act", self.problem(LINGBOT_WORLD_CONTROL_TYPE="act"))
        act = DitShape(DIT.dim, DIT.ffn_dim, DIT.text_dim, DIT.layers, "act")
        write_shards(self.fast, act.tensors())
        self.assertEqual(self.check(LINGBOT_WORLD_CONTROL_TYPE="act").dit, act)
        write_shards(self.fast, {**DIT.tensors(), "patch_embedding_wancamctrl.weight": (DIT.dim, 99)})
        self.assertIn("takes 99 control channels, neither 1536 (cam) nor 1792 (act)", self.problem())

    def test_finds_a_tokenizer_that_is_not_whole(self) -> None:
        folder = self.base / TOKENIZER_DIR
        (folder / "tokenizer.json").unlink()
        self.assertIn("there is neither tokenizer.json nor spiece.model", self.problem())
        (folder / "spiece.model").write_text("")
        self.check()
        (folder / "tokenizer_config.json").unlink()
        self.assertIn("there is no google/umt5-xxl/tokenizer_config.json", self.problem())

    def test_runs_nothing_that_a_file_of_torch_save_names(self) -> None:
        class Evil:
            def __reduce__(self) -> "tuple[Callable[[str], object], tuple[str]]":
                return (_touch, (str(marker),))

        marker = self.root / "ran"
        with zipfile.ZipFile(self.base / TEXT_ENCODER_FILE, "w") as archive:
            archive.writestr("archive/data.pkl", pickle.dumps({"a": Evil()}))
        self.assertIn("which no table of weights needs", self.problem())
        self.assertFalse(marker.exists())

    def test_says_what_is_wrong_with_a_file_of_torch_save(self) -> None:
        path = self.base / TEXT_ENCODER_FILE
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
        self.assertIn(f"{path.name}: it is no file of torch.save, or was not copied whole", self.problem())
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("other/thing.txt", "")
        self.assertIn("it is a zip archive, but none of torch.save", self.problem())
        for table, expected in ((b"\x80\x02K\x01.", "it holds no state dictionary"), (b"\x80\x02", "cannot be read (EOFError)")):
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr("archive/data.pkl", table)
            self.assertIn(expected, self.problem())
        # Bytes 8 and 10 of an entry in the archive's directory: that it is encrypted, and a compression that nobody knows.
        for byte, value, expected in ((8, 1, "(RuntimeError)"), (10, 97, "(NotImplementedError)")):
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr("archive/data.pkl", table_of({"norm.weight": (32,)}))
            changed = bytearray(path.read_bytes())
            changed[changed.index(b"PK\x01\x02") + byte] = value
            path.write_bytes(changed)
            self.assertIn(f"{path.name}: its table of contents cannot be read {expected}", self.problem())
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("archive/data.pkl", table_of({"norm.weight": (32,)}))
        self.assertIn("token_embedding.weight is missing, ", self.problem())

    def test_takes_a_file_of_the_older_format_of_torch_save_unseen(self) -> None:
        (self.base / TEXT_ENCODER_FILE).write_bytes(b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.")
        self.check()

    def test_knows_the_published_networks_sizes(self) -> None:
        # As their authors publish them: Wan 2.1's VAE has 127 million weights, UMT5-XXL's encoder 5.68 thousand million.
        vae = VaeShape((96, 96, 192, 384, 384), (384, 384, 384, 192, 96)).tensors()
        self.assertEqual(len(vae), 194)
        self.assertAlmostEqual(sum(map(_elements, vae.values())) / 1e6, 126.9, 1)
        self.assertAlmostEqual(sum(map(_elements, TextEncoderShape().tensors().values())) / 1e9, 5.68, 2)


def _touch(path: str) -> None:
    Path(path).touch()


def _elements(shape: "tuple[int, ...]") -> int:
    count = 1
    for side in shape:
        count *= side
    return count
