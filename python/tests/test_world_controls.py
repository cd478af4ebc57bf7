"""Keys, camera, frame counts and what a client may say: `telefuser_world` before it makes any picture."""

from __future__ import annotations

import math
import random
import unittest
from unittest import mock

from . import world_library  # noqa: F401  (first: it finds the library)

import numpy as np

from telefuser_world.camera import Camera, CameraSteps, step_camera, walk
from telefuser_world.camera_path import CameraPath
from telefuser_world.control_inbox import ControlInbox, DirectionOrder, PosesOrder
from telefuser_world.control_messages import ExplicitPoses
from telefuser_world.control_tensor import ControlGeometry
from telefuser_world.errors import ConfigError
from telefuser_world.frames import chunk_frames, nearest_frame_counts, resolve_frames
from telefuser_world.hud import Hud, _draw
from telefuser_world.intrinsics import default_intrinsics
from telefuser_world.keys import CONTROLS, UnknownKeyError, controls_of
from telefuser_world.rays import camera_of_rays
from telefuser_world.control_tensor import unfold
from telefuser_world.session_config import ConfigDefaults, config_schema, read_session_config

STEPS = CameraSteps()
EYE = np.eye(4).tolist()


class KeysTest(unittest.TestCase):
    def test_arrows_turn_and_step_aside_and_letters_do_one_thing(self) -> None:
        for key, controls in (
            ("ArrowUp", "w"),
            ("ArrowDown", "s"),
            ("ArrowLeft", "aj"),
            ("ArrowRight", "dl"),
            ("KeyW", "w"),
            ("l", "l"),
            ("L", "l"),
            ("up", "w"),
            ("LEFT", "aj"),
            ("forward", "w"),
            ("backward", "s"),
        ):
            self.assertEqual(controls_of(key), frozenset(controls), key)

    def test_other_keys_are_refused_by_name(self) -> None:
        for key in ("q", "Enter", "", "ww", "KeyQ", 7, None, ["w"]):
            with self.assertRaisesRegex(UnknownKeyError, "the keys are ArrowUp, ArrowDown, ArrowLeft, ArrowRight, WASD, IJKL"):
                controls_of(key)


class CameraTest(unittest.TestCase):
    def test_a_latent_frame_of_forward_is_one_step_ahead(self) -> None:
        way = walk(Camera(), "w", STEPS, 3, first=True)
        np.testing.assert_allclose(way.latent_poses[:, 2, 3], [0, 0.18, 0.36], atol=1e-12)
        way = walk(way.camera, "w", STEPS, 3, first=False)
        np.testing.assert_allclose(way.latent_poses[:, 2, 3], [0.54, 0.72, 0.90], atol=1e-12)

    def test_left_is_to_the_left_and_up_is_up(self) -> None:
        for controls, row, sign in (("a", 0, -1), ("d", 0, 1), ("s", 2, -1)):
            place = walk(Camera(), controls, STEPS, 1, first=False).camera.pose[:3, 3]
            self.assertEqual(np.sign(place[row]), sign)
            self.assertAlmostEqual(abs(place[row]), 0.12 if row == 0 else 0.18)
        for controls, row, sign in (("j", 0, -1), ("l", 0, 1), ("i", 1, -1), ("k", 1, 1)):
            forward = walk(Camera(), controls, STEPS, 1, first=False).camera.pose[:3, 2]
            self.assertAlmostEqual(float(forward[row]), sign * math.sin(math.radians(10)))

    def test_the_horizon_stays_level_and_the_axes_stay_square(self) -> None:
        for seed in range(20):
            source, camera = random.Random(seed), Camera()
            for _ in range(300):
                camera = step_camera(camera, source.sample(CONTROLS, source.randint(0, 5)), STEPS)
            rotation = camera.pose[:3, :3]
            np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
            self.assertAlmostEqual(float(rotation[1, 0]), 0, places=12)
            self.assertAlmostEqual(float(camera.pose[1, 3]), 0, places=12)

    def test_opposite_ways_lead_back(self) -> None:
        for there, back in (("w", "s"), ("a", "d"), ("j", "l"), ("i", "k")):
            camera = walk(Camera(), there, STEPS, 7, first=False).camera
            camera = walk(camera, back, STEPS, 7, first=False).camera
            np.testing.assert_allclose(camera.pose, np.eye(4), atol=1e-12)
            self.assertAlmostEqual(camera.pitch, 0)

    def test_one_looks_up_as_far_as_the_limit_and_no_farther(self) -> None:
        for key, sign in (("i", 1), ("k", -1)):
            camera = walk(Camera(), key, CameraSteps(pitch_limit_degrees=41), 30, first=False).camera
            self.assertAlmostEqual(math.degrees(camera.pitch), 41 * sign)
            self.assertAlmostEqual(Camera.at(camera.pose).pitch, camera.pitch)

    def test_walking_keeps_to_the_ground_whatever_one_looks_at(self) -> None:
        camera = walk(Camera(), "i", STEPS, 5, first=False).camera
        moved = walk(camera, "w", STEPS, 1, first=False).camera
        np.testing.assert_allclose(moved.pose[:3, 3], [0, 0, 0.18], atol=1e-12)

    def test_a_wall_stops_each_video_frame(self) -> None:
        def wall(_here: np.ndarray, there: np.ndarray) -> np.ndarray:
            return np.array([there[0], there[1], min(there[2], 0.1)])

        self.assertAlmostEqual(float(walk(Camera(), "w", STEPS, 3, first=False, constrain=wall).camera.pose[2, 3]), 0.1)


class FramesTest(unittest.TestCase):
    def test_chunks_add_up_to_the_plan(self) -> None:
        for chunk_size in range(1, 9):
            for seconds in (1.9, 3, 5, 20):
                plan = resolve_frames(16, chunk_size, seconds)
                self.assertEqual(plan.frame_num % 4, 1)
                self.assertEqual(sum(chunk_frames(index, chunk_size) for index in range(plan.chunk_count)), plan.frame_num)
                self.assertLessEqual(plan.duration_seconds, seconds)
                self.assertGreater(plan.duration_seconds + 4 * chunk_size / 16, seconds - 1e-9)

    def test_the_nearest_counts_are_possible_and_nearest(self) -> None:
        for chunk_size in range(1, 7):
            possible = [count for count in range(1, 200) if (count - 1) % 4 == 0 and ((count - 1) // 4 + 1) % chunk_size == 0]
            for count in range(1, 150):
                below, above = nearest_frame_counts(count, chunk_size)
                self.assertEqual(below, max((c for c in possible if c <= count), default=None))
                self.assertEqual(above, min(c for c in possible if c >= count))

    def test_what_does_not_fit_is_refused_with_what_would(self) -> None:
        for arguments, message in (
            ((16, 3, 20, 80), "frame_num must be 4n + 1, not 80; give 69 or 81, or leave it out for 321"),
            ((16, 3, 20, 85), "frame_num 85 is 22 latent frames, no whole number of chunks of 3; give 81 or 93"),
            ((16, 3, 20, 1), "frame_num 1 is 1 latent frames, no whole number of chunks of 3; give 9"),
            ((16, 3, 20, -7), "frame_num must be 4n \\+ 1, not -7; give 9"),
            ((16, 3, 2, 81), "frame_num 81 lasts 5 s at 16 fps, and max_duration_seconds is 2; give 33"),
            ((16, 3, 0.4, None), "max_duration_seconds is 0.4, too short for one chunk of 3 latent frames at 16 fps; give at least 0.5"),
        ):
            with self.assertRaisesRegex(ConfigError, message.replace("4n + 1", "4n \\+ 1")):
                resolve_frames(*arguments)

    def test_truncating_cuts_to_whole_chunks(self) -> None:
        self.assertEqual(resolve_frames(16, 3, 20, 85, "truncate").frame_num, 81)
        # 82 latent frames are one more than fit into 20 s, and 81 are whole chunks.
        self.assertEqual(resolve_frames(16, 3, 20, 325, "truncate").frame_num, 321)
        # Less than a chunk, not 4n + 1, and too long when it is cut.
        for frame_num in (5, 80, 333):
            with self.assertRaises(ConfigError):
                resolve_frames(16, 3, 20, frame_num, "truncate")


class ConfigTest(unittest.TestCase):
    def test_an_empty_offer_is_all_defaults(self) -> None:
        config = read_session_config({"session_id": "a", "fps": None}, ConfigDefaults())
        self.assertEqual((config.plan.frame_num, config.plan.chunk_size, config.plan.fps), (321, 3, 16))
        self.assertEqual(config.steps, STEPS)
        self.assertTrue(config.show_control_hud)
        self.assertIsNone(config.intrinsics)

    def test_fields_are_taken_from_the_offer_or_its_config(self) -> None:
        for wrapped in (False, True):
            fields = {"control_move_step": 0.5, "show_control_hud": False, "frame_num": 81.0, "intrinsics": [[1, 2, 3, 4]]}
            config = read_session_config({"config": fields} if wrapped else fields, ConfigDefaults())
            self.assertEqual((config.steps.move, config.show_control_hud, config.plan.frame_num), (0.5, False, 81))
            np.testing.assert_array_equal(config.intrinsics, [1, 2, 3, 4])

    def test_each_field_that_is_wrong_is_named(self) -> None:
        for fields, message in (
            ({"fps": "fast"}, "fps must be a whole number, not 'fast'; leave it out for 16"),
            ({"fps": 0}, "fps is 0; give 1: it may be 1 to 60"),
            ({"chunk_size": 2.5}, "chunk_size must be a whole number, not 2.5; leave it out for 3"),
            ({"chunk_size": 99}, "chunk_size is 99; give 16: it may be 1 to 16"),
            ({"max_duration_seconds": 21}, "max_duration_seconds is 21; give a number from 0 to 20"),
            ({"control_mode": "act"}, "control_mode is act, and this service is cam; give cam, or leave it out"),
            ({"control_mode": "fly"}, "control_mode is 'fly'; give cam or act"),
            ({"show_control_hud": "yes"}, "show_control_hud must be true or false, not 'yes'; leave it out for true"),
            ({"control_move_step": True}, "control_move_step must be a number, not True"),
            ({"control_translation_scale": 0}, "control_translation_scale is 0; give a number above 0 up to 1000"),
            ({"control_pitch_limit_degrees": 90}, "control_pitch_limit_degrees is 90; give a number from 0 to 89"),
            ({"intrinsics": [1, 2]}, "intrinsics must be four numbers"),
            ({"intrinsics_width": 832}, "intrinsics_width is given without the other side"),
            ({"intrinsics_width": 832, "intrinsics_height": 480}, "intrinsics_width is given without intrinsics"),
            ({"prompt": "x" * 4001}, "prompt must be a text of at most 4000 characters"),
            ({"frame_policy": "loose"}, "frame_policy is 'loose'; give strict or truncate"),
            ({"seed": -1}, "seed is -1; give 0"),
        ):
            with self.assertRaises(ConfigError) as caught:
                read_session_config(fields, ConfigDefaults())
            self.assertIn(message, str(caught.exception))
            self.assertEqual(caught.exception.field, next(iter(fields)))

    def test_the_schema_has_the_defaults_that_are_used(self) -> None:
        defaults = ConfigDefaults(chunk_size=4, max_duration_seconds=7)
        properties = config_schema(defaults)["properties"]
        fields = {name: value["default"] for name, value in properties.items() if "default" in value}
        self.assertEqual(
            read_session_config(fields, defaults).plan, read_session_config({}, defaults).plan
        )
        self.assertEqual(read_session_config(fields, defaults).steps, STEPS)


class InboxTest(unittest.TestCase):
    def inbox(self, control_type: str = "cam") -> ControlInbox:
        return ControlInbox(3, control_type)

    def controls(self, inbox: ControlInbox) -> tuple[str, ...] | None:
        order, _ids = inbox.take_order()
        assert order is None or isinstance(order, DirectionOrder)
        return None if order is None else order.controls

    def test_a_key_counts_while_it_is_held(self) -> None:
        inbox = self.inbox()
        self.assertEqual(inbox.take_order(), (None, []))
        inbox.push({"type": "control", "key": "ArrowLeft", "action": "press"})
        (first, _ids), (second, _ids) = inbox.take_order(), inbox.take_order()
        assert isinstance(first, DirectionOrder) and isinstance(second, DirectionOrder)
        self.assertEqual((first.controls, first.source, first.revision), (("a", "j"), "tap", 1))
        self.assertEqual((second.controls, second.source), (("a", "j"), "held"))
        inbox.push({"type": "control", "key": "ArrowLeft", "action": "release"})
        self.assertEqual(inbox.take_order(), (None, []))

    def test_a_tap_counts_for_one_chunk_and_only_the_newest_does(self) -> None:
        inbox = self.inbox()
        for key in ("w", "a", "d"):
            inbox.push({"key": key, "action": "press"})
            inbox.push({"key": key, "action": "release"})
        self.assertEqual(self.controls(inbox), ("d",))
        self.assertEqual(inbox.take_order(), (None, []))

    def test_a_key_that_is_repeated_is_one_press(self) -> None:
        inbox = self.inbox()
        for _ in range(5):
            inbox.push({"key": "w"})
        self.assertEqual([message["revision"] for message in inbox.take_statuses()], [1] * 5)

    def test_an_arrow_released_leaves_a_letter_that_means_the_same(self) -> None:
        inbox = self.inbox()
        inbox.push({"key": "ArrowLeft"})
        inbox.push({"key": "a"})
        inbox.push({"key": "ArrowLeft", "event": "keyup"})
        inbox.take_order()
        self.assertEqual(self.controls(inbox), ("a",))

    def test_a_snapshot_replaces_what_was_held(self) -> None:
        inbox = self.inbox()
        inbox.push({"key": "s"})
        inbox.push({"type": "control_state", "controls": ["w", "j"]})
        self.assertEqual(self.controls(inbox), ("j", "w"))
        inbox.push({"type": "control_state", "controls": []})
        self.assertEqual(inbox.take_order(), (None, []))

    def test_reset_releases_and_reset_pose_goes_back_as_well(self) -> None:
        for message, goes_back in (
            ({"type": "reset"}, False),
            ({"type": "control", "control": "up", "event": "reset"}, False),
            ({"type": "reset_pose"}, True),
            ({"type": "control", "action": "reset_pose"}, True),
        ):
            inbox = self.inbox()
            inbox.push({"key": "w"})
            inbox.push(message)
            self.assertEqual(inbox.take_order(), (None, []))
            self.assertEqual(inbox.take_pose_reset(), goes_back)
            self.assertFalse(inbox.take_pose_reset())

    def test_no_order_goes_past_a_prompt_or_a_reset_that_waits(self) -> None:
        for message, take in (({"prompt": "rain"}, ControlInbox.take_prompt), ({"type": "reset_pose"}, ControlInbox.take_pose_reset)):
            inbox = self.inbox()
            inbox.push({"type": "control", **message, "id": "change"})
            inbox.push({"key": "w", "id": "w"})
            self.assertEqual(inbox.take_order(), (None, []))
            take(inbox)
            self.assertEqual(inbox.take_order(), (DirectionOrder(("w",), 1), ["change", "w"]))

    def test_an_id_is_named_by_one_order(self) -> None:
        inbox = self.inbox()
        inbox.push({"key": "w", "action": "release", "id": 0})
        self.assertEqual(inbox.take_order(), (None, []))
        inbox.push({"key": "w", "id": 1})
        self.assertEqual([inbox.take_order()[1] for _ in range(2)], [[0, 1], []])

    def test_a_prompt_is_taken_once(self) -> None:
        inbox = self.inbox()
        inbox.push({"type": "control", "prompt": "rain"})
        inbox.push({"type": "control", "prompt": "snow"})
        self.assertEqual((inbox.take_prompt(), inbox.take_prompt()), ("snow", None))

    def test_what_is_wrong_is_told_and_changes_nothing(self) -> None:
        for message, field, reason in (
            ({"type": "control", "key": "q", "id": 7}, "key", "names no known key: 'q'"),
            ({"type": "control"}, "key", "names no known key: None"),
            ({"type": "control", "key": "w", "action": "hold"}, "action", "'hold' is unknown"),
            ({"type": "control", "key": "w", "event": 3}, "event", "3 is unknown"),
            ({"type": "control_state", "controls": "w"}, "controls", "must be a list"),
            ({"type": "control_state", "controls": ["w", "x"]}, "controls[1]", "names no known key: 'x'"),
            ({"type": "control_state", "controls": ["w"] * 65}, "controls", "must be a list of at most 64 keys"),
            ({"type": "control", "prompt": 5}, "prompt", "must be a text"),
            ({"type": "control", "prompt": "x" * 4001}, "prompt", "must be a text of at most 4000 characters"),
            ({"type": "dance"}, "type", "'dance' is unknown"),
            ({"type": "control", "poses": [EYE] * 2}, "poses", "must be 3 matrices"),
            ({"type": "control", "poses": [EYE] * 3, "action": [[1, 0, 0, 0]] * 3}, "action", "is not taken"),
            ({"type": "control", "poses": [EYE] * 3, "intrinsics": [0, 1, 1, 1]}, "intrinsics", "has a focal length"),
            ({"type": "control", "poses": [EYE] * 3, "translation_scale": -1}, "translation_scale", "must be a positive number"),
            ({"type": "control", "control_tensor": [1]}, "control_tensor", "is not taken"),
            ("text", "type", "'text' is unknown"),
            (b"bytes", "type", "'binary' is unknown"),
            ([1], "type", "[1] is unknown"),
        ):
            inbox = self.inbox()
            inbox.push(message)
            [told] = inbox.take_statuses()
            self.assertEqual((told["stage"], told["field"]), ("control_refused", field), message)
            self.assertIn(reason, told["reason"])
            self.assertTrue(told["remedy"])
            self.assertEqual(inbox.take_order(), (None, []))
            if isinstance(message, dict) and "id" in message:
                self.assertEqual(told["id"], 7)

    def test_camera_and_microphone_are_none_of_its_business(self) -> None:
        inbox = self.inbox()
        inbox.push({"type": "media", "video_frames": []})
        self.assertEqual(inbox.take_statuses(), [])

    def test_poses_come_before_keys(self) -> None:
        inbox = self.inbox("act")
        inbox.push({"key": "w"})
        inbox.push({"type": "control", "poses": [EYE] * 3, "action": [[1, 0, 0, 0]] * 9, "previous_pose": EYE, "id": "p"})
        order, ids = inbox.take_order()
        assert isinstance(order, PosesOrder) and order.command.action is not None
        self.assertEqual(order.command.action.shape, (3, 4))
        self.assertEqual(ids, ["p"])
        self.assertIsInstance(inbox.take_order()[0], DirectionOrder)

    def test_nothing_piles_up(self) -> None:
        inbox = self.inbox()
        for number in range(1000):
            inbox.push({"key": "w", "action": "press" if number % 2 else "release", "id": number})
        self.assertEqual(len(inbox.take_statuses()), 64)
        self.assertEqual(len(inbox.take_order()[1]), 256)


class CameraPathTest(unittest.TestCase):
    GEOMETRY = ControlGeometry(64, 48, 3, default_intrinsics(64, 48))

    def place_of(self, path: CameraPath) -> np.ndarray:
        return path.camera.pose[:3, 3]

    def explicit(self, poses: np.ndarray, previous: np.ndarray | None = None) -> PosesOrder:
        return PosesOrder(ExplicitPoses(poses, previous, None, None, None))

    def line(self, *depths: float, start: np.ndarray | None = None) -> np.ndarray:
        poses = np.stack([np.eye(4)] * len(depths))
        poses[:, 2, 3] = depths
        return poses if start is None else start @ poses

    def test_the_step_over_the_border_of_two_chunks_is_a_step_like_any_other(self) -> None:
        path = CameraPath(self.GEOMETRY, STEPS)
        forward = DirectionOrder(("w",), 1)
        first, second = path.follow(forward), path.follow(forward)
        depths = [unfold(chunk.tensor, 6)[:, 0, 0, 2] for chunk in (first, second)]
        np.testing.assert_allclose(depths, [[0, 3, 3], [3, 3, 3]], rtol=1e-5)
        self.assertAlmostEqual(second.translation_unit, 0.18)
        path.reset()
        np.testing.assert_allclose(unfold(path.follow(forward).tensor, 6)[:, 0, 0, 2], [0, 3, 3], rtol=1e-5)

    def test_a_clients_first_poses_begin_where_the_camera_is(self) -> None:
        path = CameraPath(self.GEOMETRY, STEPS)
        elsewhere = np.eye(4)
        elsewhere[:3, 3] = [7, -2, 30]
        path.follow(self.explicit(self.line(0, 1, 2, start=elsewhere)))
        np.testing.assert_allclose(self.place_of(path), [0, 0, 2], atol=1e-12)
        path.follow(self.explicit(self.line(3, 4, 5, start=elsewhere)))
        np.testing.assert_allclose(self.place_of(path), [0, 0, 5], atol=1e-12)

    def test_poses_with_a_previous_one_go_on_from_the_camera(self) -> None:
        path = CameraPath(self.GEOMETRY, STEPS)
        path.follow(DirectionOrder(("w",), 1))
        path.follow(self.explicit(self.line(11, 12, 13), np.array(self.line(10)[0])))
        np.testing.assert_allclose(self.place_of(path), [0, 0, 3.36], atol=1e-12)

    def test_poses_of_the_session_are_taken_as_they_are_and_walls_stand(self) -> None:
        path = CameraPath(self.GEOMETRY, STEPS)
        path.follow(DirectionOrder(("w",), 1))
        path.follow(self.explicit(self.line(1, 2, 9)), lambda _here, there: np.minimum(there, 4))
        np.testing.assert_allclose(self.place_of(path), [0, 0, 4], atol=1e-12)

    def test_intrinsics_are_rescaled_from_the_size_that_they_are_for(self) -> None:
        path = CameraPath(self.GEOMETRY, STEPS, (128, 96))
        order = PosesOrder(ExplicitPoses(self.line(0, 1, 2), None, np.array([200.0, 210, 64, 48]), None, None))
        rays = unfold(path.follow(order).tensor, 6)[0]
        np.testing.assert_allclose(camera_of_rays(rays)[1], [100, 105, 32, 24], rtol=1e-4)


class HudTest(unittest.TestCase):
    def test_it_lights_the_arrows_of_the_controls_and_leaves_the_rest_of_the_picture(self) -> None:
        for width, height in ((832, 480), (480, 832), (160, 96)):
            hud, plain = Hud(width, height), np.full((height, width, 3), 90, np.uint8)
            dark = plain.copy()
            hud.draw(dark, [])
            changed = (dark != plain).any(axis=2)
            self.assertFalse(changed[: height // 2].any())
            self.assertTrue(changed[:, : width // 2].any() and changed[:, width // 2 :].any())
            for control in CONTROLS:
                lit = plain.copy()
                hud.draw(lit, [control])
                columns = np.flatnonzero((lit != dark).any(axis=(0, 2)))
                self.assertGreater(columns.size, 0, control)
                self.assertEqual(bool(columns.mean() < width / 2), control in "wasd", control)

    def test_a_panel_is_drawn_when_it_is_needed_and_once(self) -> None:
        picture = np.zeros((96, 160, 3), np.uint8)
        with mock.patch("telefuser_world.hud._draw", wraps=_draw) as drawing:
            hud = Hud(160, 96)
            self.assertEqual(drawing.call_count, 0)
            for controls, panels in (("w", 2), ("w", 2), ("wl", 3), ("l", 4), ("w", 4)):
                hud.draw(picture, controls)
                self.assertEqual(drawing.call_count, panels, controls)


if __name__ == "__main__":
    unittest.main()
