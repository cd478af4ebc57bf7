"""A session of `telefuser_world` from offer to `done`, with a generator that makes grey pictures."""

from __future__ import annotations

import base64
import io
import sys
import tempfile
import threading
import time
import tracemalloc
import unittest
from pathlib import Path
from typing import Any, Callable, Iterator
from unittest import mock

from . import world_library  # noqa: F401  (first: it finds the library)

import numpy as np

from telefuser_world.control_tensor import ControlTensor
from telefuser_world.errors import ControlError
from telefuser_world.frames import chunk_frames
from telefuser_world.generator import OutOfMemory, WorldRequest
from telefuser_world.hud import Hud
from telefuser_world.pacing import Pace
from telefuser_world.resize import resize
from telefuser_world.service import WorldService
from telefuser_world.session import WorldSession
from telefuser_world.session_config import ConfigDefaults

DEADLINE_SECONDS = 20.0


class GreyRun:
    def __init__(self, generator: GreyGenerator, request: WorldRequest) -> None:
        self.generator = generator
        self.request = request
        generator.events.append(f"begin {request.width}x{request.height} {request.prompt}")

    def generate(self, index: int, control: ControlTensor, applied_controls: tuple[str, ...]) -> Any:
        self.generator.controls.append(control)
        self.generator.may_compute.wait(DEADLINE_SECONDS)
        if self.generator.failure is not None:
            raise self.generator.failure
        pictures = (np.full((self.request.height, self.request.width, 3), 100 + index, np.uint8) for _ in range(chunk_frames(index, self.request.chunk_size)))
        return list(pictures) if self.generator.in_one_piece else pictures

    def set_prompt(self, prompt: str) -> np.ndarray:
        self.generator.events.append(f"prompt {prompt}")
        return np.full((self.request.height, self.request.width, 3), 7, np.uint8)

    def constrain(self, here: np.ndarray, there: np.ndarray) -> np.ndarray:
        return np.minimum(there, 0.2)

    def close(self) -> None:
        self.generator.events.append("close")


class GreyGenerator:
    control_type, fps, max_latent_frames = "cam", 16, 90
    begins_at_once = False

    def __init__(self, in_one_piece: bool = True) -> None:
        self.in_one_piece = in_one_piece
        self.events: list[str] = []
        self.controls: list[ControlTensor] = []
        self.failure: Exception | None = None
        self.may_compute = threading.Event()
        self.may_compute.set()
        self.may_begin = threading.Event()
        self.may_begin.set()

    def start(self, report_progress: Callable[[float | None, str], None]) -> None:
        self.events.append("start")

    def stop(self) -> None:
        self.events.append("stop")

    def working_size(self, image_width: int, image_height: int) -> tuple[int, int]:
        return 64, 48

    def check(self, request: WorldRequest) -> None:
        if request.seed == 13:
            raise ValueError("seed 13 brings bad luck: take another")

    def begin(self, request: WorldRequest, report: Callable[..., None]) -> GreyRun:
        report("loading", share=0.5)
        self.may_begin.wait(DEADLINE_SECONDS)
        return GreyRun(self, request)


class Viewer:
    """Reads a session's messages as they come."""

    def __init__(self, service: WorldService, **offer: Any) -> None:
        self.service = service
        self.session = service.create_session({"session_id": "a", "fps": 60, **offer})
        self.messages: Iterator[dict[str, Any]] = service.pull_chunks(self.session)
        self.seen: list[dict[str, Any]] = []

    def send(self, **message: Any) -> None:
        self.service.push_chunk(self.session, message)

    def until(self, **fields: Any) -> dict[str, Any]:
        for message in self.messages:
            self.seen.append(message)
            if all(message.get(name) == value for name, value in fields.items()):
                return message
        raise AssertionError(f"no message with {fields}; the last were {[(m.get('type'), m.get('stage')) for m in self.seen[-8:]]}")


def make_service(generator: GreyGenerator) -> WorldService:
    def read_image(value: Any, field: str) -> np.ndarray:
        raise ControlError(field, "cannot be read", "send another")

    image = np.full((30, 40, 3), 200, np.uint8)
    return WorldService(generator, ConfigDefaults(), about={"name": "grey"}, default_image=lambda: image, read_image=read_image)


class SessionTest(unittest.TestCase):
    def setUp(self) -> None:
        self.generator = GreyGenerator()
        self.service = make_service(self.generator)
        self.service.start()

    def tearDown(self) -> None:
        self.generator.may_begin.set()
        self.generator.may_compute.set()
        self.service.stop()

    def wait_until_free(self) -> None:
        ends_at = time.monotonic() + DEADLINE_SECONDS
        while self.service.has_session("a"):
            self.assertLess(time.monotonic(), ends_at, "the session is not let go of")
            time.sleep(0.005)

    def test_first_of_all_the_image_is_shown_and_then_nothing_until_a_key_is_pressed(self) -> None:
        viewer = Viewer(self.service, show_control_hud=False)
        preview = viewer.until(type="preview")
        self.assertEqual(len(viewer.seen), 1)
        self.assertEqual(preview["frames"][0].shape, (48, 64, 3))
        self.assertTrue((preview["frames"][0] == 200).all())
        self.assertEqual(self.generator.events, ["start"])
        viewer.send(key="w", id=1)
        chunk = viewer.until(type="chunk")
        self.assertEqual((chunk["index"], chunk["num_frames"], len(chunk["frames"])), (0, 9, 9))
        self.assertEqual((chunk["applied_controls"], chunk["applied_control_ids"]), (["w"], [1]))

    def test_the_client_hears_of_each_step(self) -> None:
        viewer = Viewer(self.service, prompt="hills")
        viewer.send(key="ArrowLeft")
        viewer.until(stage="chunk_sent")
        stages = [message.get("stage", message["type"]) for message in viewer.seen]
        expected = ["control_state", "loading", "runtime_ready", "applying_direction_control", "generating_chunk", "chunk", "chunk_sent"]
        self.assertEqual([stage for stage in stages if stage in expected], expected)
        applying = next(message for message in viewer.seen if message.get("stage") == "applying_direction_control")
        self.assertEqual((applying["controls"], applying["source"], applying["move_step"]), (["a", "j"], "tap", 0.18))
        progress = viewer.seen[-1]["stream_progress"]
        self.assertEqual((progress["generated_frames"], progress["completed_chunks"], progress["fps"]), (9, 1, 60))
        self.assertEqual(self.generator.events[1], "begin 64x48 hills")

    def test_a_key_that_is_pressed_while_a_chunk_is_made_counts_from_the_next_one(self) -> None:
        viewer = Viewer(self.service)
        viewer.send(key="w", id="w")
        self.generator.may_compute.clear()
        viewer.until(stage="generating_chunk")
        viewer.send(type="control_state", controls=["d"], id="d")
        told = viewer.until(stage="control_state", controls=["d"])
        self.assertEqual(told["revision"], 2)
        self.generator.may_compute.set()
        self.assertEqual([viewer.until(type="chunk")["applied_controls"] for _ in range(2)], [["w"], ["d"]])
        self.assertEqual(viewer.seen[-1]["applied_control_ids"], ["d"])

    def test_what_comes_while_the_generator_begins_is_not_said_to_be_in_the_first_chunk(self) -> None:
        self.generator.may_begin.clear()
        viewer = Viewer(self.service)
        viewer.until(type="preview")
        viewer.send(key="w", id="w")
        viewer.until(stage="loading")
        viewer.send(key="d", id="d")
        viewer.send(prompt="rain", id="p")
        viewer.until(stage="prompt_accepted")
        self.generator.may_begin.set()
        first, second = (viewer.until(type="chunk") for _ in range(2))
        self.assertEqual((first["applied_controls"], first["applied_control_ids"]), (["w"], ["w"]))
        self.assertEqual((second["applied_controls"], second["applied_control_ids"]), (["d", "w"], ["d", "p"]))

    def test_pictures_of_an_iterator_go_out_one_by_one_and_one_message_speaks_for_them(self) -> None:
        self.generator.in_one_piece = False
        viewer = Viewer(self.service, chunk_size=2)
        viewer.send(key="w")
        viewer.until(stage="chunk_sent")
        frames = [message for message in viewer.seen if isinstance(message.get("frames"), list) and message.get("type") != "preview"]
        self.assertEqual([len(message["frames"]) for message in frames], [1] * 5)
        self.assertEqual((frames[0]["type"], frames[0]["num_frames"]), ("chunk", 5))
        self.assertEqual([set(message) for message in frames[1:]], [{"frames"}] * 4)

    def test_it_is_done_after_the_last_chunk(self) -> None:
        viewer = Viewer(self.service, chunk_size=1, frame_num=9)
        viewer.send(key="w")
        last = viewer.until(stage="runtime_summary")
        self.assertEqual(last["stream_progress"]["generated_frames"], 9)
        self.assertEqual(list(viewer.messages), [])
        self.wait_until_free()
        self.assertEqual(self.generator.events[-1], "close")
        self.assertEqual([control.tensor.shape for control in self.generator.controls], [(1, 384, 1, 6, 8)] * 3)

    def test_the_hud_is_drawn_from_what_the_chunk_was_made_with(self) -> None:
        pictures = {}
        for shown in (True, False):
            viewer = Viewer(self.service, show_control_hud=shown)
            viewer.send(key="l")
            pictures[shown] = viewer.until(type="chunk")["frames"][0]
            self.service.close_session("a")
            self.wait_until_free()
        self.assertTrue((pictures[False] == 100).all())
        for controls, is_same in ((["l"], True), ([], False), (["j"], False)):
            drawn = np.full((48, 64, 3), 100, np.uint8)
            Hud(64, 48).draw(drawn, controls)
            self.assertEqual(np.array_equal(pictures[True], drawn), is_same, controls)

    def test_pictures_that_no_key_was_held_for_have_no_hud(self) -> None:
        viewer = Viewer(self.service, chunk_size=1)
        previews = [viewer.until(type="preview")]
        viewer.send(type="control", poses=[np.eye(4).tolist()])
        chunk = viewer.until(type="chunk")
        viewer.send(prompt="late")
        previews.append(viewer.until(type="preview"))
        self.assertEqual(chunk["applied_controls"], [])
        for message, level in ((previews[0], 200), (chunk, 100), (previews[1], 7)):
            self.assertTrue((message["frames"][0] == level).all())

    def test_a_prompt_is_shown_at_once_where_nobody_walks(self) -> None:
        viewer = Viewer(self.service, show_control_hud=False)
        viewer.send(prompt="early")
        viewer.send(key="w", action="press")
        viewer.send(key="w", action="release")
        viewer.until(stage="chunk_sent")
        self.assertIn("begin 64x48 early", self.generator.events)
        viewer.send(prompt="late")
        self.assertTrue((viewer.until(type="preview")["frames"][0] == 7).all())
        self.assertEqual(self.generator.events[-1], "prompt late")

    def test_walls_are_the_generators(self) -> None:
        viewer = Viewer(self.service)
        viewer.send(key="w")
        viewer.until(stage="chunk_sent")
        [control] = self.generator.controls
        self.assertAlmostEqual(control.translation_unit, 0.18)
        origins = control.tensor.reshape(6, 64, 3, 6, 8)[2, 0, :, 0, 0]
        np.testing.assert_allclose(origins, [0, 3, 3 * 0.02 / 0.18], rtol=1e-4)

    def test_a_second_viewer_is_turned_away_until_the_first_is_gone(self) -> None:
        viewer = Viewer(self.service)
        with self.assertRaisesRegex(RuntimeError, "one session at a time"):
            self.service.create_session({"session_id": "b"})
        self.generator.may_compute.clear()
        viewer.send(key="w")
        viewer.until(stage="generating_chunk")
        self.service.close_session("a")
        # The generator still computes for the one that is gone.
        with self.assertRaises(RuntimeError):
            self.service.create_session({"session_id": "b"})
        self.generator.may_compute.set()
        self.wait_until_free()
        self.assertEqual(self.service.create_session({"session_id": "b"}), "b")
        self.service.close_session("b")

    def test_a_session_that_was_closed_says_no_more(self) -> None:
        viewer = Viewer(self.service)
        viewer.until(type="preview")
        self.service.close_session("a")
        self.assertEqual(list(viewer.messages), [])
        viewer.send(key="w")
        self.wait_until_free()

    def test_whoever_closes_a_session_while_it_is_closed_changes_nothing(self) -> None:
        # Another thread's close, at each line of the first one: the server's and the end of the messages come together.
        for place in range(4):
            Viewer(self.service)
            session = self.service._session
            assert session is not None
            lines = 0

            def trace(frame: Any, event: str, _argument: Any) -> Any:
                nonlocal lines
                if frame.f_code is not WorldSession.close.__code__:
                    return None
                if event == "line":
                    if lines == place:
                        sys.settrace(None)
                        session.close()
                    lines += 1
                return trace

            before = sys.gettrace()
            sys.settrace(trace)
            try:
                session.close()
            finally:
                sys.settrace(before)
            self.wait_until_free()

    def test_a_reader_that_goes_away_ends_the_session(self) -> None:
        viewer = Viewer(self.service)
        viewer.until(type="preview")
        viewer.messages.close()  # type: ignore[attr-defined]
        self.wait_until_free()

    def test_memory_that_runs_out_ends_the_session_with_that_reason_and_the_next_one_works(self) -> None:
        self.generator.failure = OutOfMemory("the GPU has no memory left")
        viewer = Viewer(self.service)
        viewer.send(key="w")
        error = viewer.until(type="error")
        self.assertEqual((error["stage"], error["error"]), ("worker_failed", "the GPU has no memory left"))
        with self.assertRaises(OutOfMemory):
            next(viewer.messages)
        self.wait_until_free()
        self.assertEqual(self.generator.events[-1], "close")
        self.generator.failure = None
        again = Viewer(self.service)
        again.send(key="w")
        again.until(type="chunk")

    def test_an_offer_that_cannot_be_made_leaves_room_for_the_next(self) -> None:
        for offer, message in (
            ({"seed": 13}, "bad luck"),
            ({"image": "nonsense"}, "image cannot be read"),
            ({"image_path": "/etc/passwd"}, "image_path cannot be read"),
            ({"frame_num": 10}, "frame_num must be 4n"),
            ({"chunk_size": 8, "frame_num": 381, "fps": 60}, "frame_num 381 is 96 latent frames, and this model has 90; give 349"),
        ):
            with self.assertRaisesRegex(ValueError, message):
                self.service.create_session({"session_id": "a", **offer})
        self.service.create_session({"session_id": "a"})
        self.service.close_session("a")


class PaceTest(unittest.TestCase):
    def test_pictures_are_evenly_due_and_a_pause_begins_anew(self) -> None:
        now = 100.0
        pace = Pace(10, lambda: now)
        self.assertEqual(pace.seconds_left(), 0)
        pace.shown()
        now += 0.03
        self.assertAlmostEqual(pace.seconds_left(), 0.07)
        now += 0.17
        self.assertAlmostEqual(pace.seconds_left(), -0.1)
        pace.shown()
        self.assertAlmostEqual(pace.seconds_left(), 0)
        now += 5
        pace.seconds_left()
        self.assertEqual(pace.seconds_left(), 0)
        pace.shown()
        pace.pause()
        self.assertEqual(pace.seconds_left(), 0)


class ResizeTest(unittest.TestCase):
    def test_each_pixel_is_the_mean_of_what_it_covers(self) -> None:
        image = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
        np.testing.assert_array_equal(resize(image, 2, 2), np.rint(image.reshape(2, 2, 2, 2, 3).mean(axis=(1, 3))))
        np.testing.assert_array_equal(resize(image, 8, 8), image.repeat(2, 0).repeat(2, 1))
        self.assertEqual(resize(image, 3, 5).shape, (5, 3, 3))
        self.assertTrue(resize(image, 3, 5).flags["C_CONTIGUOUS"])

    def test_a_photograph_takes_less_memory_than_it_has_itself(self) -> None:
        image = np.zeros((1000, 1500, 3), np.uint8)
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        resize(image, 64, 48)
        self.assertLess(tracemalloc.get_traced_memory()[1], image.nbytes)


class ImageTest(unittest.TestCase):
    def setUp(self) -> None:
        try:
            from PIL import Image
        except ImportError:
            self.skipTest("needs Pillow")
        from telefuser_world.pillow_image import ImageReader

        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.read = ImageReader([Path(self.folder.name)])
        buffer = io.BytesIO()
        Image.new("RGB", (6, 4), (10, 200, 30)).save(buffer, "PNG")
        self.png = buffer.getvalue()
        Path(self.folder.name, "picture.png").write_bytes(self.png)

    def test_data_urls_and_files_of_the_opened_folders_are_read(self) -> None:
        url = f"data:image/png;base64,{base64.b64encode(self.png).decode()}"
        for value in (url, "picture.png", str(Path(self.folder.name, "picture.png"))):
            image = self.read(value)
            self.assertEqual(image.shape, (4, 6, 3))
            self.assertEqual(image[0, 0].tolist(), [10, 200, 30])

    def test_everything_else_is_refused(self) -> None:
        for value in ("/etc/hostname", "../picture.png", "missing.png", "", 7, "data:text/plain;base64,aGk=", "data:image/png;base64,#", "data:image/png;base64,aGk="):
            with self.assertRaises(ControlError):
                self.read(value)

    def test_what_is_too_long_for_a_path_is_not_looked_for(self) -> None:
        with mock.patch.object(Path, "resolve", side_effect=AssertionError("it was looked for")):
            with self.assertRaisesRegex(ControlError, "names no image that this service may read"):
                self.read("a/" * 2_000_000)


if __name__ == "__main__":
    unittest.main()
