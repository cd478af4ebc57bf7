"""What the garden does with a control tensor, a prompt and a wall."""

from __future__ import annotations

import math
import random
import unittest

import numpy as np

from garden.collisions import BODY_METRES, Collisions
from garden.noise import fractal
from garden.scene import EYE_METRES, PICTURE_MAX, WALL, Kind, garden
from garden.tone import to_levels
from garden.upscale import double
from garden.walk import METRES_PER_UNIT, GardenGenerator, GardenWalk
from garden.weather import weather_of
from telefuser_world.camera import CameraSteps
from telefuser_world.camera_path import CameraPath
from telefuser_world.control_inbox import DirectionOrder
from telefuser_world.control_tensor import ControlGeometry
from telefuser_world.errors import ControlError
from telefuser_world.frames import FramePlan, chunk_frames
from telefuser_world.generator import WorldRequest
from telefuser_world.intrinsics import default_intrinsics

WIDTH, HEIGHT = 208, 128
CHUNK_SIZE = 2
IMAGE = np.full((60, 80, 3), (250, 10, 240), np.uint8)


def request(width: int = WIDTH, height: int = HEIGHT) -> WorldRequest:
    return WorldRequest("a clear day", IMAGE, width, height, FramePlan(81, CHUNK_SIZE, 16), default_intrinsics(width, height), 1)


class Walker:
    """A walk without a session around it."""

    #: Made once: it takes a second or two.
    generator: GardenGenerator | None = None
    _run: GardenWalk | None = None

    def __init__(self, scale: float = 3.0) -> None:
        if Walker.generator is None or Walker._run is None:
            Walker.generator = GardenGenerator()
            Walker.generator.start(lambda _share, _text: None)
            Walker._run = Walker.generator.begin(request(), lambda *_words, **_data: None)
        self.run = Walker._run
        self.run.reset_pose()
        geometry = ControlGeometry(WIDTH, HEIGHT, CHUNK_SIZE, default_intrinsics(WIDTH, HEIGHT), "cam", scale)
        self.path = CameraPath(geometry, CameraSteps())
        self.index = 0

    def go(self, controls: str) -> list[np.ndarray]:
        control = self.path.follow(DirectionOrder(tuple(sorted(controls)), None), self.run.constrain)
        pictures = list(self.run.generate(self.index, control, tuple(controls)))
        self.index += 1
        return pictures


def difference(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.abs(first.astype(int) - second.astype(int)).mean())


class WalkTest(unittest.TestCase):
    def test_chunks_have_their_pictures(self) -> None:
        walker = Walker()
        for index in range(3):
            pictures = walker.go("w")
            self.assertEqual(len(pictures), chunk_frames(index, CHUNK_SIZE))
            for picture in pictures:
                self.assertEqual((picture.shape, picture.dtype), ((HEIGHT, WIDTH, 3), np.uint8))

    def test_the_first_picture_is_the_preview(self) -> None:
        walker = Walker()
        preview = walker.run.preview()
        self.assertLess(difference(walker.go("w")[0], preview), 0.2)

    def test_the_camera_of_the_pictures_is_the_camera_of_the_keys(self) -> None:
        walker, source = Walker(), random.Random(5)
        for _ in range(12):
            walker.go("".join(source.sample("wasdijkl", source.randint(1, 3))))
            np.testing.assert_allclose(walker.run._pose, walker.path.camera.pose, atol=2e-5)

    def test_each_picture_is_a_quarter_of_the_way_on(self) -> None:
        walker = Walker()
        walker.go("w")
        control = walker.path.follow(DirectionOrder(("l", "w"), None), walker.run.constrain)
        before = walker.run._pose.copy()
        yaws = []
        for _picture in walker.run.generate(1, control, ("l", "w")):
            turn = before[:3, :3].T @ walker.run._pose[:3, :3]
            yaws.append(math.degrees(math.atan2(turn[0, 2], turn[2, 2])))
        np.testing.assert_allclose(yaws, np.arange(1, 9) * 2.5, atol=1e-3)

    def test_out_and_back_is_the_first_picture_again(self) -> None:
        for there, back in (("w", "s"), ("d", "a"), ("l", "j"), ("k", "i")):
            walker = Walker()
            first = walker.go("jl")[-1]
            for _ in range(3):
                far = walker.go(there)[-1]
            for _ in range(3):
                near = walker.go(back)[-1]
            self.assertGreater(difference(far, first), 5, there)
            self.assertLess(difference(near, first), 1, there)

    def test_how_the_tensor_is_scaled_makes_no_difference(self) -> None:
        pictures = [Walker(scale=scale).go("wl")[-1] for scale in (1.0, 7.5)]
        self.assertLess(difference(*pictures), 0.5)

    def test_a_picture_comes_from_the_tensors_rays_and_from_nothing_else(self) -> None:
        walker = Walker()
        control = walker.path.follow(DirectionOrder(("w",), None), None)
        mirrored = control.tensor.reshape(6, 8, 8, CHUNK_SIZE, HEIGHT // 8, WIDTH // 8).copy()
        # Rays that look as far to the left as the others look to the right.
        mirrored[3] *= -1
        straight = next(iter(walker.run.generate(0, control, ())))
        rays = type(control)(mirrored.reshape(control.tensor.shape), control.translation_unit, control.translation_scale)
        walker.run.reset_pose()
        other = next(iter(walker.run.generate(0, rays, ())))
        self.assertGreater(difference(straight, other), 10)

    def test_the_users_image_hangs_in_the_garden(self) -> None:
        preview = Walker().run.preview().astype(int)
        pink = (preview[..., 0] > 120) & (preview[..., 2] > 120) & (preview[..., 1] < 90)
        self.assertGreater(pink.mean(), 0.02)
        self.assertGreater(np.flatnonzero(pink.any(axis=0)).mean(), WIDTH / 2)

    def test_an_image_that_is_too_long_is_refused(self) -> None:
        generator = GardenGenerator()
        generator.check(request())
        with self.assertRaisesRegex(ControlError, "image of 80 × 60 is too long; cut it"):
            generator.check(request(width=1600, height=240))


class WeatherTest(unittest.TestCase):
    def test_words_of_time_and_of_weather_go_together(self) -> None:
        for prompt, name in (
            ("", "day"),
            ("a garden", "day"),
            ("A bright blue sky with drifting white clouds", "day"),
            ("the Starry night", "night"),
            ("rainy evening", "rain, overcast sunset"),
            ("snow at dawn", "snow, overcast morning"),
            ("a foggy morning", "fog, morning"),
            ("overcast", "overcast"),
            ("a nightingale in spring, by the icehouse", "day"),
        ):
            self.assertEqual(weather_of(prompt).name, name, prompt)

    def test_a_prompt_changes_the_picture_where_one_stands(self) -> None:
        walker = Walker()
        day = walker.go("w")[-1]
        night = walker.run.set_prompt("night")
        self.assertLess(night.mean(), day.mean() * 0.6)
        self.assertLess(difference(walker.run.set_prompt("a clear day"), day), 0.5)


class CollisionsTest(unittest.TestCase):
    SOLIDS = garden(PICTURE_MAX)

    def test_no_way_leads_into_anything(self) -> None:
        collisions, source = Collisions(self.SOLIDS), random.Random(3)
        x0, x1, z0, z1 = WALL
        place = np.zeros(3)
        for _ in range(2000):
            place = collisions.constrain(place, place + np.array([source.uniform(-2, 2), source.uniform(-0.2, 0.2), source.uniform(-2, 2)]))
            self.assertTrue(x0 < place[0] < x1 and z0 < place[2] < z1)
            self.assertLess(place[1], EYE_METRES)
            for solid in self.SOLIDS:
                low, high = solid.middle[1] - solid.half[1], solid.middle[1] + solid.half[1]
                if not solid.is_obstacle or solid.kind is not Kind.BOX or low > 1.7 or high < 0.3:
                    continue
                inside = abs(place[0] - solid.middle[0]) < solid.half[0] and abs(place[2] - solid.middle[2]) < solid.half[2]
                self.assertFalse(inside, solid)

    def test_one_slides_along_a_wall(self) -> None:
        wall = WALL[1] - BODY_METRES
        there = Collisions([]).constrain(np.array([wall - 0.5, 0, 0]), np.array([wall + 3, 0, 2.0]))
        np.testing.assert_allclose(there, [wall, 0, 2], atol=1e-9)

    def test_a_walk_into_the_fountain_ends_at_its_rim(self) -> None:
        walker = Walker()
        for _ in range(45):
            control = walker.path.follow(DirectionOrder(("w",), None), walker.run.constrain)
        self.assertEqual(control.translation_unit, 0)
        self.assertAlmostEqual(walker.path.camera.pose[2, 3] * METRES_PER_UNIT, 14 - 2.5 - BODY_METRES, places=6)


class PictureTest(unittest.TestCase):
    def test_doubling_keeps_what_is_flat_and_where_things_are(self) -> None:
        flat = np.full((6, 8, 3), 77, np.uint8)
        np.testing.assert_array_equal(double(flat), np.full((12, 16, 3), 77))
        slope = np.repeat(np.arange(40, 200, 10, dtype=np.uint8)[None, :, None], 4, axis=0).repeat(3, axis=2)
        expected = 40 + 10 * ((np.arange(32) + 0.5) / 2 - 0.5)
        self.assertLess(np.abs(double(slope)[3, 4:-4, 0] - expected[4:-4]).max(), 2)
        edge = np.zeros((4, 8, 3), np.uint8)
        edge[:, 4:] = 255
        self.assertEqual((double(edge)[:, :7].max(), double(edge)[:, 9:].min()), (0, 255))

    def test_more_light_is_never_darker(self) -> None:
        levels = to_levels(np.linspace(0, 9, 500, dtype=np.float32)[:, None].repeat(3, 1), 1.0)
        self.assertTrue((np.diff(levels[:, 0].astype(int)) >= 0).all())
        self.assertEqual((levels[0, 0], levels[-1, 0] > 230), (0, True))

    def test_noise_is_the_same_each_time_and_tiles(self) -> None:
        noise = fractal(64, 7, 1.5)
        np.testing.assert_array_equal(noise, fractal(64, 7, 1.5))
        inner = np.abs(np.diff(noise, axis=0)).mean()
        self.assertLess(np.abs(noise[0] - noise[-1]).mean(), inner * 2)


if __name__ == "__main__":
    unittest.main()
