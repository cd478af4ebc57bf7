from __future__ import annotations

import array
import base64
import unittest
from typing import Any

from telefuser_host.chunks import Chunk, parse_chunk
from telefuser_host.media import MAX_FRAMES, ChunkFormatError, PcmAudio, RawPicture

JPEG = b"\xff\xd8\xff\xd9"
JPEG_B64 = base64.b64encode(JPEG).decode()
PCM = b"\x01\x00\xff\xff"
PCM_B64 = base64.b64encode(PCM).decode()


def pictures_of(chunk: Chunk) -> list[Any]:
    return [picture if isinstance(picture, RawPicture) else bytes(picture) for picture in chunk.pictures]


class ChunksTest(unittest.TestCase):
    def refuse(self, value: Any, message: str) -> None:
        with self.assertRaises(ChunkFormatError) as raised:
            parse_chunk(value)
        self.assertIn(message, str(raised.exception))

    def test_media_and_metadata_are_taken_apart(self) -> None:
        chunk = parse_chunk(
            {
                "type": "chunk",
                "index": 3,
                "frames_b64": [JPEG_B64, JPEG_B64],
                "fps": 16,
                "num_frames": 2,
                "prompt": "a street",
                "audio_b64": PCM_B64,
                "audio_sample_rate": 16_000,
                "audio_channels": 2,
                "delivery": "latest",
                "queue_ms": 250,
            }
        )
        self.assertEqual(pictures_of(chunk), [JPEG, JPEG])
        self.assertEqual(chunk.audio, PcmAudio(PCM, 16_000, 2))
        self.assertEqual((chunk.fps, chunk.index, chunk.delivery, chunk.queue_ms), (16, 3, "latest", 250))
        self.assertEqual(chunk.metadata, {"type": "chunk", "index": 3, "fps": 16, "num_frames": 2, "prompt": "a street"})

    def test_every_field_is_optional(self) -> None:
        self.assertEqual(parse_chunk({}), Chunk([], None, None, None, None, None, None, {}))

    def test_the_sound_has_defaults(self) -> None:
        self.assertEqual(parse_chunk({"audio_b64": PCM_B64}).audio, PcmAudio(PCM, 48_000, 1))

    def test_nested_data_is_looked_into_where_the_top_has_no_frames(self) -> None:
        chunk = parse_chunk({"index": 1, "data": {"frames_b64": [JPEG_B64], "fps": 8, "audio_b64": PCM_B64, "stage": "b"}})
        self.assertEqual(pictures_of(chunk), [JPEG])
        self.assertEqual((chunk.fps, chunk.audio), (8, PcmAudio(PCM, 48_000, 1)))
        self.assertEqual(chunk.metadata, {"index": 1, "data": {"fps": 8, "stage": "b"}})

    def test_nested_data_that_is_all_media_leaves_nothing(self) -> None:
        self.assertEqual(parse_chunk({"data": {"frames_b64": [JPEG_B64], "queue_ms": 5}}).metadata, {})

    def test_the_sound_of_the_top_wins(self) -> None:
        other = base64.b64encode(b"\x05\x00").decode()
        chunk = parse_chunk({"audio_b64": PCM_B64, "data": {"frames_b64": [JPEG_B64], "audio_b64": other}})
        self.assertEqual(chunk.audio, PcmAudio(PCM, 48_000, 1))

    def test_data_beside_frames_is_metadata(self) -> None:
        chunk = parse_chunk({"frames_b64": [JPEG_B64], "data": {"frames_b64": ["x"], "a": 1}})
        self.assertEqual(chunk.metadata, {"data": {"frames_b64": ["x"], "a": 1}})

    def test_frames_win_over_frames_b64_unless_empty(self) -> None:
        self.assertEqual(pictures_of(parse_chunk({"frames": [b"raw"], "frames_b64": ["no base64!"]})), [b"raw"])
        self.assertEqual(pictures_of(parse_chunk({"frames": [], "frames_b64": [JPEG_B64]})), [JPEG])

    def test_frames_may_be_bytes_of_any_kind(self) -> None:
        frames = (JPEG, bytearray(JPEG), memoryview(JPEG))
        self.assertEqual(pictures_of(parse_chunk({"frames": frames})), [JPEG] * 3)

    def test_raw_pictures(self) -> None:
        frame = {"format": "RGB24", "width": 2, "height": 1, "data": bytearray(range(6))}
        [picture] = parse_chunk({"frames": [frame]}).pictures
        self.assertEqual(picture, RawPicture("RGB24", 2, 1, memoryview(bytes(range(6)))))
        parse_chunk({"frames": [{"format": "I420", "width": 3, "height": 3, "data": bytes(9 + 8)}]})
        parse_chunk({"frames": [{"format": "RGBA", "width": 1, "height": 1, "data": array.array("B", bytes(4))}]})

    def test_raw_pictures_share_the_memory_of_the_pipeline(self) -> None:
        data = bytearray(6)
        [picture] = parse_chunk({"frames": [{"format": "RGB24", "width": 2, "height": 1, "data": data}]}).pictures
        data[0] = 9
        assert isinstance(picture, RawPicture)
        self.assertEqual(memoryview(picture.data)[0], 9)

    def test_ids_of_applied_controls_are_no_metadata(self) -> None:
        for fields in (
            {"applied_controls": ["a", 7]},
            {"data": {"frames": [JPEG], "applied_controls": ["a", 7]}},
            {"applied_controls": ("a", 7), "data": {"frames": [JPEG]}},
        ):
            chunk = parse_chunk(fields)
            self.assertEqual((chunk.applied, chunk.metadata), (["a", "7"], {}))
        chunk = parse_chunk({"applied_controls": []})
        self.assertEqual((chunk.applied, chunk.metadata), ([], {}))

    def test_ids_that_are_named_apart_leave_applied_controls_to_the_pipeline(self) -> None:
        snapshot = {"applied_controls": ["w", "j"]}
        for named, expected in ((["a", 7], ["a", "7"]), ([], [])):
            chunk = parse_chunk({**snapshot, "applied_control_ids": named})
            self.assertEqual((chunk.applied, chunk.metadata), (expected, snapshot))
        # What cannot be read as ids does not make ids of the keys.
        for unreadable in ([True], "a", None):
            chunk = parse_chunk({**snapshot, "applied_control_ids": unreadable})
            self.assertEqual((chunk.applied, chunk.metadata), (None, snapshot))

    def test_applied_controls_that_say_more_are_metadata_too(self) -> None:
        fields = {"applied_controls": [{"key": "ArrowUp", "id": "a"}, {"key": "ArrowUp"}]}
        chunk = parse_chunk(fields)
        self.assertEqual((chunk.applied, chunk.metadata), (["a"], fields))
        for value in ([{"key": "ArrowUp"}], "a", 7, None, {"a": 1}):
            chunk = parse_chunk({"applied_controls": value})
            self.assertEqual((chunk.applied, chunk.metadata), (None, {"applied_controls": value}))

    def test_namesakes_are_metadata(self) -> None:
        fields = {"frames": 24, "audio": "a.wav"}
        self.assertEqual(parse_chunk(fields).metadata, fields)

    def test_sound_of_the_standard_library(self) -> None:
        samples = array.array("h", [1, -1])
        for audio in (samples, samples.tobytes(), bytearray(samples.tobytes()), memoryview(samples)):
            found = parse_chunk({"audio": audio}).audio
            assert found is not None
            self.assertEqual(bytes(found.data), PCM)
        self.assertEqual(parse_chunk({"audio": b"", "audio_b64": PCM_B64}).audio, PcmAudio(PCM, 48_000, 1))
        self.assertIsNone(parse_chunk({"audio": b"", "audio_b64": ""}).audio)

    def test_an_index_that_is_no_usable_number_is_metadata_only(self) -> None:
        for index in ("3", True, float("nan"), float("inf"), 2**70, None):
            self.assertIsNone(parse_chunk({"index": index}).index)
        self.assertEqual(parse_chunk({"index": -1.5}).index, -1.5)

    def test_metadata_becomes_what_json_can_hold(self) -> None:
        self.assertEqual(parse_chunk({"a": (1, {2}), 3: b"x"}).metadata, {"a": [1, [2]], "3": "[bytes of 1 bytes]"})

    def test_what_breaks_a_rule_is_named(self) -> None:
        rgb = {"format": "RGB24", "width": 2, "height": 1, "data": bytes(6)}
        cases: list[tuple[Any, str]] = [
            (None, "a chunk must be a dict, not None"),
            ([1], "a chunk must be a dict, not list"),
            (b"jpeg", "a chunk must be a dict, not bytes"),
            ({"frames": {}}, "frames must be a list, not dict"),
            ({"frames": b"jpeg"}, "frames must be a list, not bytes"),
            ({"frames_b64": JPEG_B64}, "frames_b64 must be a list, not str"),
            ({"frames_b64": 24}, "frames_b64 must be a list, not int"),
            ({"frames": [b""] * (MAX_FRAMES + 1)}, f"frames holds {MAX_FRAMES + 1} frames; a chunk may carry {MAX_FRAMES}"),
            ({"frames": [b""]}, "frames[0] is empty"),
            ({"frames": [JPEG, None]}, "frames[1] must be a numpy array, a PIL image, a PyAV frame, JPEG bytes or a dict"),
            ({"frames": [memoryview(JPEG)[::2]]}, "frames[0] must be contiguous memory"),
            ({"frames": [{**rgb, "format": "BGR"}]}, "frames[0].format must be I420, RGB24 or RGBA"),
            ({"frames": [{**rgb, "width": 0}]}, "frames[0].width must be a whole number of pixels from 1 to 4096"),
            ({"frames": [{**rgb, "height": 4097}]}, "frames[0].height must be"),
            ({"frames": [{**rgb, "height": 1.0}]}, "frames[0].height must be"),
            ({"frames": [{**rgb, "height": True}]}, "frames[0].height must be"),
            ({"frames": [{**rgb, "data": "text"}]}, "frames[0].data must be bytes"),
            ({"frames": [{**rgb, "data": bytes(5)}]}, "frames[0].data holds 5 bytes; 2×1 RGB24 is 6"),
            ({"frames_b64": ["no base64!"]}, "frames_b64[0] is not base64"),
            ({"frames_b64": [JPEG_B64, None]}, "frames_b64[1] must be a base64 string, not None"),
            ({"frames_b64": [""]}, "frames_b64[0] is empty"),
            ({"audio": [1, 2]}, "audio must be an array of int16, or bytes of 16-bit PCM, not list"),
            ({"audio": array.array("f", [0.5])}, "audio must be an array of int16"),
            ({"audio": b"\0"}, "audio holds 1 bytes, which is no multiple of 2 (16 bits × 1 channels)"),
            ({"audio_b64": PCM_B64[:-4] + "AQA=", "audio_channels": 2}, "audio_b64 holds"),
            ({"audio_b64": 3}, "audio_b64 must be a base64 string, not int"),
            ({"audio": PCM, "audio_sample_rate": 7999}, "audio_sample_rate must be a whole number of hertz"),
            ({"audio": PCM, "audio_sample_rate": 44_100.5}, "audio_sample_rate must be"),
            ({"audio": PCM, "audio_sample_rate": float("inf")}, "audio_sample_rate must be"),
            ({"audio": PCM, "audio_channels": 3}, "audio_channels must be 1 or 2"),
            ({"audio": PCM, "audio_channels": True}, "audio_channels must be 1 or 2"),
            ({"fps": 0}, "fps must be a number from 1 to 240"),
            ({"fps": "24"}, "fps must be"),
            ({"fps": float("nan")}, "fps must be"),
            ({"fps": True}, "fps must be"),
            ({"delivery": "soon"}, 'delivery must be "lossless" or "latest"'),
            ({"queue_ms": -1}, "queue_ms must be a number of milliseconds from 0 to 60000"),
            ({"queue_ms": 60_001}, "queue_ms must be"),
        ]
        for value, message in cases:
            with self.subTest(message):
                self.refuse(value, message)

    def test_the_bytes_of_a_chunk_have_a_limit(self) -> None:
        part = memoryview(bytearray(64 * 1024 * 1024))
        parse_chunk({"frames": [part] * 4})
        self.refuse({"frames": [part] * 5}, "the chunk carries more than 256 MiB of media; yield smaller chunks")


if __name__ == "__main__":
    unittest.main()
