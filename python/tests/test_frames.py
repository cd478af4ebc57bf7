"""Frames and sound of the libraries that pipelines use. The host imports none of them, so each test needs its own."""

from __future__ import annotations

import importlib
import subprocess
import sys
import unittest
from pathlib import Path
from typing import Any

from telefuser_host.chunks import parse_chunk
from telefuser_host.json_value import to_json_value
from telefuser_host.media import ChunkFormatError, PcmAudio, RawPicture
from telefuser_host.media_input import to_media_message
from telefuser_host.protocol import Message


def optional(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


numpy = optional("numpy")
av = optional("av")
Image = optional("PIL.Image")


def picture_of(frame: Any) -> RawPicture:
    [picture] = parse_chunk({"frames": [frame]}).pictures
    assert isinstance(picture, RawPicture)
    return picture


def pixels_of(frame: Any) -> tuple[str, int, int, list[int]]:
    picture = picture_of(frame)
    return picture.format, picture.width, picture.height, list(bytes(picture.data))


def audio_of(value: Any, **fields: Any) -> tuple[bytes, int]:
    audio = parse_chunk({"audio": value, **fields}).audio
    assert isinstance(audio, PcmAudio)
    return bytes(audio.data), audio.channels


class ImportTest(unittest.TestCase):
    def test_the_host_imports_no_library_by_itself(self) -> None:
        code = (
            "import sys, telefuser_host.process, telefuser_host.chunks as c; c.parse_chunk({'frames': [b'x'], 'audio': b'xx'});"
            "print([name for name in ('numpy', 'PIL', 'av', 'torch', 'cv2') if name in sys.modules])"
        )
        folder = Path(__file__).resolve().parent.parent
        found = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True)
        self.assertEqual(found.stdout.strip(), "[]")


@unittest.skipIf(numpy is None, "needs numpy")
class NumpyTest(unittest.TestCase):
    def refuse(self, fields: Any, message: str) -> None:
        with self.assertRaises(ChunkFormatError) as raised:
            parse_chunk(fields)
        self.assertIn(message, str(raised.exception))

    def test_rgb_goes_as_it_is_without_a_copy(self) -> None:
        frame = numpy.arange(18, dtype=numpy.uint8).reshape(2, 3, 3)
        self.assertEqual(pixels_of(frame), ("RGB24", 3, 2, list(range(18))))
        picture = picture_of(frame)
        frame[0, 0, 0] = 99
        self.assertEqual(memoryview(picture.data)[0], 99)

    def test_rgba_and_grey(self) -> None:
        self.assertEqual(pixels_of(numpy.full((1, 1, 4), 5, numpy.uint8)), ("RGBA", 1, 1, [5] * 4))
        grey = numpy.array([[1, 2]], numpy.uint8)
        self.assertEqual(pixels_of(grey), ("RGB24", 2, 1, [1, 1, 1, 2, 2, 2]))
        self.assertEqual(pixels_of(grey[:, :, None]), ("RGB24", 2, 1, [1, 1, 1, 2, 2, 2]))

    def test_arrays_with_gaps_or_another_order(self) -> None:
        bgr = numpy.arange(18, dtype=numpy.uint8).reshape(2, 3, 3)
        self.assertEqual(pixels_of(bgr[:, :, ::-1])[3][:6], [2, 1, 0, 5, 4, 3])
        self.assertEqual(pixels_of(bgr[::2, ::2])[3], [0, 1, 2, 6, 7, 8])
        channels_first = numpy.arange(18, dtype=numpy.uint8).reshape(3, 2, 3)
        self.assertEqual(pixels_of(channels_first.transpose(1, 2, 0))[3][:3], [0, 6, 12])
        read_only = bgr.copy()
        read_only.flags.writeable = False
        self.assertEqual(pixels_of(read_only)[3], list(range(18)))

    def test_floats_are_from_0_to_1(self) -> None:
        for kind in (numpy.float16, numpy.float32, numpy.float64):
            frame = numpy.array([[[0, 0.5, 1], [-1, 2, numpy.nan]]], kind)
            self.assertEqual(pixels_of(frame)[3], [0, 128, 255, 0, 255, 0])
        self.assertEqual(pixels_of(numpy.array([[True, False]]))[3], [255] * 3 + [0] * 3)

    def test_a_batch_is_a_list_of_frames(self) -> None:
        batch = numpy.zeros((3, 4, 5, 3), numpy.uint8)
        chunk = parse_chunk({"frames": batch})
        self.assertEqual(len(chunk.pictures), 3)
        self.assertEqual(chunk.metadata, {})

    def test_an_empty_batch_is_no_frames(self) -> None:
        self.assertEqual(parse_chunk({"frames": numpy.zeros((0, 4, 5, 3), numpy.uint8)}).pictures, [])

    def test_what_is_no_picture(self) -> None:
        self.refuse({"frames": [numpy.zeros((3, 8, 8), numpy.uint8)]}, "not 3×8×8 uint8")
        self.refuse(
            {"frames": [numpy.zeros((8, 8, 3), numpy.int64)]}, "must be of uint8, or of floats from 0 to 1, not 8×8×3 int64"
        )
        self.refuse({"frames": [numpy.zeros((0, 8, 3), numpy.uint8)]}, "frames[0].height must be")
        self.refuse({"frames": [numpy.zeros((8, 4097, 3), numpy.uint8)]}, "frames[0].width must be")
        self.refuse({"frames": [numpy.zeros(3, numpy.uint8)]}, "not 3 uint8")
        self.refuse({"frames": numpy.zeros((8, 8, 3), numpy.uint8)}, "frames must be a list, not ndarray")

    def test_tensors_are_arrays(self) -> None:
        class Tensor:
            """What a torch tensor has of methods; bfloat16 has no numpy."""

            def __init__(self, array: Any, name: str) -> None:
                self._array, self._name = array, name

            def detach(self) -> Any:
                return self

            def cpu(self) -> Any:
                return self

            def float(self) -> Any:
                return Tensor(self._array.astype(numpy.float32), "float32")

            def numpy(self) -> Any:
                if self._name == "bfloat16":
                    raise TypeError("Got unsupported ScalarType BFloat16")
                return self._array

        self.assertEqual(pixels_of(Tensor(numpy.zeros((1, 2, 3), numpy.uint8), "uint8")), ("RGB24", 2, 1, [0] * 6))
        self.assertEqual(pixels_of(Tensor(numpy.ones((1, 1, 3), numpy.float64), "bfloat16"))[3], [255] * 3)

    def test_sound(self) -> None:
        samples = numpy.array([[1, -1], [2, -2], [3, -3]], numpy.int16)
        interleaved = samples.tobytes()
        self.assertEqual(audio_of(samples), (interleaved, 2))
        self.assertEqual(audio_of(samples.T), (interleaved, 2))
        self.assertEqual(audio_of(samples.ravel()), (interleaved, 1))
        self.assertEqual(audio_of(samples.ravel(), audio_channels=2), (interleaved, 2))
        self.assertEqual(audio_of(samples[:, :1]), (samples[:, 0].tobytes(), 1))
        self.assertEqual(audio_of(samples[:, 0]), (samples[:, 0].tobytes(), 1))
        self.assertEqual(audio_of(samples.astype(">i2").ravel()), (interleaved, 1))

    def test_sound_of_floats_is_from_minus_1_to_1(self) -> None:
        samples = numpy.array([0, 1, -1, 2, numpy.nan, 0.5], numpy.float32)
        expected = numpy.array([0, 32767, -32767, 32767, 0, 16384], numpy.int16)
        self.assertEqual(audio_of(samples), (expected.tobytes(), 1))

    def test_what_is_no_sound(self) -> None:
        self.refuse({"audio": numpy.zeros((3, 3), numpy.int16)}, "not 3×3 int16")
        self.refuse({"audio": numpy.zeros(3, numpy.int32)}, "must be of int16, or of floats from -1 to 1, not 3 int32")
        self.refuse(
            {"audio": numpy.zeros((5, 2), numpy.int16), "audio_channels": 1}, "audio_channels is 1, but audio has 2 channels"
        )

    def test_numbers_of_numpy_are_numbers(self) -> None:
        chunk = parse_chunk(
            {"index": numpy.int64(3), "fps": numpy.float32(24), "audio_b64": "AAA=", "audio_sample_rate": numpy.int32(16_000)}
        )
        self.assertEqual((chunk.index, chunk.fps), (3, 24))
        self.assertEqual(chunk.metadata, {"index": 3, "fps": 24.0})

    def test_metadata(self) -> None:
        cases = [
            (numpy.array([[1, 2]]), [[1, 2]]),
            (numpy.float32(0.5), 0.5),
            (numpy.bool_(True), True),
            (numpy.array(7), 7),
            (numpy.array([float("nan")]), ["NaN"]),
            (numpy.zeros((480, 832, 3)), "[ndarray of 480×832×3]"),
        ]
        for value, expected in cases:
            self.assertEqual(to_json_value(value), expected)

    def test_incoming_pictures_are_writable_arrays(self) -> None:
        header = {"type": "media", "run": 1, "pictures": [{"kind": "raw", "format": "RGB24", "width": 2, "height": 1}]}
        message = to_media_message(Message(header, [memoryview(bytearray(range(6)))]))
        [frame] = message["video_frames"]
        self.assertEqual((frame.shape, frame.dtype), ((1, 2, 3), numpy.uint8))
        frame[0, 0] = 7
        self.assertEqual(frame.tolist(), [[[7, 7, 7], [3, 4, 5]]])


@unittest.skipIf(Image is None, "needs PIL")
class PilTest(unittest.TestCase):
    def test_images_of_every_mode(self) -> None:
        red = ("RGB24", 2, 1, [255, 0, 0] * 2)
        image = Image.new("RGB", (2, 1), (255, 0, 0))
        for mode in ("RGB", "RGBA", "CMYK", "P"):
            self.assertEqual(pixels_of(image.convert(mode)), red)
        self.assertEqual(pixels_of(Image.new("L", (1, 1), 9)), ("RGB24", 1, 1, [9] * 3))
        self.assertEqual(pixels_of(Image.new("1", (1, 1), 1)), ("RGB24", 1, 1, [255] * 3))

    def test_a_size_beyond_the_limit(self) -> None:
        with self.assertRaisesRegex(ChunkFormatError, r"frames\[0\].width must be"):
            parse_chunk({"frames": [Image.new("L", (4097, 1))]})


@unittest.skipIf(av is None or numpy is None, "needs av and numpy")
class PyAvTest(unittest.TestCase):
    def test_yuv420p_goes_plane_by_plane_without_the_padding(self) -> None:
        # 50 pixels: FFmpeg pads the rows of such a frame.
        width, height = 50, 6
        planes = numpy.arange(width * height * 3 // 2, dtype=numpy.uint16).astype(numpy.uint8).reshape(height * 3 // 2, width)
        frame = av.VideoFrame(width, height, "yuv420p")
        self.assertNotEqual(frame.planes[0].line_size, width)
        frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        self.assertEqual(pixels_of(frame), ("I420", width, height, planes.ravel().tolist()))

    def test_other_formats_become_rgb(self) -> None:
        red = numpy.zeros((4, 6, 3), numpy.uint8)
        red[:, :, 0] = 255
        self.assertEqual(pixels_of(av.VideoFrame.from_ndarray(red, format="rgb24")), ("RGB24", 6, 4, [255, 0, 0] * 24))
        self.assertEqual(pixels_of(av.VideoFrame.from_ndarray(red[:, :, ::-1].copy(), format="bgr24"))[3], [255, 0, 0] * 24)

    def test_full_range_yuv_is_converted(self) -> None:
        frame = av.VideoFrame(16, 16, "yuvj420p")
        for plane, value in zip(frame.planes, (255, 128, 128)):
            plane.update(bytes([value]) * plane.buffer_size)
        picture = picture_of(frame)
        self.assertEqual(picture.format, "RGB24")
        self.assertEqual(set(bytes(picture.data)), {255})


if __name__ == "__main__":
    unittest.main()
