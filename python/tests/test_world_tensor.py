"""
Poses, rays and the control tensor: what holds for any camera, what the model's own code made of some, and a second implementation, which is written
here from the formulas alone: plain numbers, one ray at a time.
"""

from __future__ import annotations

import json
import math
import random
import unittest
from pathlib import Path
from typing import Iterator

from . import world_library  # noqa: F401  (first: it finds the library)

import numpy as np

from telefuser_world.control_tensor import ControlGeometry, action_of, build_control, check_action, fold, plucker_rays, unfold
from telefuser_world.errors import ControlError
from telefuser_world.intrinsics import check_intrinsics, default_intrinsics, rescale_intrinsics, working_size
from telefuser_world.poses import (
    between,
    check_poses,
    inverse_rigid,
    normalise_translation,
    relative_poses,
    resample_poses,
    rotation_matrix,
    rotation_vector,
)
from telefuser_world.rays import camera_of_rays

FIXTURES = Path(__file__).resolve().parent / "fixtures"
CASES = 60


def random_cases(seed: int, count: int = CASES) -> Iterator[random.Random]:
    """Independent sources of random numbers; the failing one's number is in the message."""
    for case in range(count):
        yield random.Random(seed * 100_003 + case)


def random_pose(source: random.Random, reach: float = 5.0) -> np.ndarray:
    pose = np.eye(4)
    axis = np.array([source.gauss(0, 1) for _ in range(3)])
    pose[:3, :3] = rotation_matrix(axis / np.linalg.norm(axis) * source.uniform(0, math.pi))
    pose[:3, 3] = [source.uniform(-reach, reach) for _ in range(3)]
    return pose


def random_walk(source: random.Random, count: int) -> np.ndarray:
    return np.stack([random_pose(source) for _ in range(count)])


def random_geometry(source: random.Random, control_type: str = "cam") -> ControlGeometry:
    width, height = 8 * source.randint(1, 5), 8 * source.randint(1, 5)
    intrinsics = np.array([source.uniform(5, 60), source.uniform(5, 60), source.uniform(0, width), source.uniform(0, height)])
    return ControlGeometry(width, height, source.randint(1, 4), intrinsics, control_type, source.uniform(0.1, 5))


class PosesTest(unittest.TestCase):
    def test_a_pose_times_its_inverse_is_nothing(self) -> None:
        for source in random_cases(1):
            poses = random_walk(source, 4)
            np.testing.assert_allclose(poses @ inverse_rigid(poses), np.broadcast_to(np.eye(4), (4, 4, 4)), atol=1e-12)

    def test_relative_poses_do_not_depend_on_where_the_world_begins(self) -> None:
        for source in random_cases(2):
            poses, world, previous = random_walk(source, 5), random_pose(source), random_pose(source)
            expected = relative_poses(poses, previous)
            np.testing.assert_allclose(relative_poses(world @ poses, world @ previous), expected, atol=1e-10)
            np.testing.assert_allclose(relative_poses(world @ poses), relative_poses(poses), atol=1e-10)

    def test_relative_poses_lead_back_to_the_absolute_ones(self) -> None:
        for source in random_cases(3):
            poses, place = random_walk(source, 6), random_pose(source)
            for step, expected in zip(relative_poses(poses, place), poses):
                place = place @ step
                np.testing.assert_allclose(place, expected, atol=1e-10)

    def test_a_walk_cut_into_chunks_has_the_same_steps(self) -> None:
        for source in random_cases(4):
            poses = random_walk(source, 9)
            whole = relative_poses(poses)
            parts = [relative_poses(poses[:3]), relative_poses(poses[3:6], poses[2]), relative_poses(poses[6:], poses[5])]
            np.testing.assert_allclose(np.concatenate(parts), whole, atol=1e-12)

    def test_steps_are_orthonormal(self) -> None:
        for source in random_cases(5):
            rotations = relative_poses(random_walk(source, 4), random_pose(source))[:, :3, :3]
            np.testing.assert_allclose(rotations @ rotations.transpose(0, 2, 1), np.broadcast_to(np.eye(3), (4, 3, 3)), atol=1e-12)
            np.testing.assert_allclose(np.linalg.det(rotations), 1, atol=1e-12)

    def test_the_longest_step_becomes_the_scale_and_turns_stay(self) -> None:
        for source in random_cases(6):
            relative = relative_poses(random_walk(source, 4), random_pose(source))
            scale = source.uniform(0.1, 9)
            scaled, unit = normalise_translation(relative, scale)
            lengths = np.linalg.norm(scaled[:, :3, 3], axis=1)
            self.assertAlmostEqual(float(lengths.max()), scale)
            np.testing.assert_allclose(scaled[:, :3, 3] * unit / scale, relative[:, :3, 3], atol=1e-12)
            np.testing.assert_array_equal(scaled[:, :3, :3], relative[:, :3, :3])

    def test_a_camera_that_stands_still_is_not_scaled(self) -> None:
        poses = np.stack([np.eye(4)] * 3)
        scaled, unit = normalise_translation(relative_poses(poses), 3.0)
        np.testing.assert_array_equal(scaled, poses)
        self.assertEqual(unit, 0.0)

    def test_a_turn_as_a_vector_and_back(self) -> None:
        for source in random_cases(7, 200):
            rotation = random_pose(source)[:3, :3]
            np.testing.assert_allclose(rotation_matrix(rotation_vector(rotation)), rotation, atol=1e-9)
        for axis in np.eye(3):
            half_turn = rotation_matrix(axis * math.pi)
            np.testing.assert_allclose(rotation_matrix(rotation_vector(half_turn)), half_turn, atol=1e-9)
        np.testing.assert_array_equal(rotation_matrix(rotation_vector(np.eye(3))), np.eye(3))

    def test_the_way_between_two_poses_ends_at_them_and_is_even(self) -> None:
        for source in random_cases(8):
            first, second = random_pose(source), random_pose(source)
            np.testing.assert_allclose(between(first, second, 0), first, atol=1e-9)
            np.testing.assert_allclose(between(first, second, 1), second, atol=1e-9)
            halfway = between(first, second, 0.5)
            turns = [np.linalg.norm(rotation_vector(a[:3, :3].T @ b[:3, :3])) for a, b in ((first, halfway), (halfway, second))]
            self.assertAlmostEqual(turns[0], turns[1], places=6)

    def test_resampling_at_the_same_places_changes_nothing(self) -> None:
        source = random.Random(9)
        poses = random_walk(source, 9)
        np.testing.assert_allclose(resample_poses(poses, 9), poses, atol=1e-9)
        np.testing.assert_allclose(resample_poses(poses, 3), poses[::4], atol=1e-9)
        np.testing.assert_allclose(resample_poses(poses[:1], 2), poses[[0, 0]], atol=1e-12)

    def test_what_is_no_rigid_motion_is_refused(self) -> None:
        good = np.stack([np.eye(4)] * 3).tolist()
        np.testing.assert_array_equal(check_poses(good, 3), np.array(good))
        stretched = np.stack([np.diag([1.0, 1.01, 1.0, 1.0])] * 3).tolist()
        mirrored = np.stack([np.diag([1.0, -1.0, 1.0, 1.0])] * 3).tolist()
        far = np.array(good)
        far[1, 0, 3] = 2e6
        for value, reason in (
            (good[:2], "must be 3 matrices of 4 × 4 numbers, not 2 × 4 × 4"),
            (5, "not one number"),
            ("poses", "must be lists of numbers"),
            ([[[math.nan] * 4] * 4] * 3, "not finite"),
            (stretched, "rigid"),
            (mirrored, "rigid"),
            (np.zeros((3, 4, 4)).tolist(), "rigid"),
            (far.tolist(), "has a place more than"),
            # Its product has infinity minus infinity, which is larger than nothing.
            ([[[1e200, -1e200, 1e200, 0], [1e200, 1e200, 1e200, 0], [1e200, 1e200, 1e200, 0], [0, 0, 0, 1]]] * 3, "rigid"),
            ([[[10**400] * 4] * 4] * 3, "must be lists of numbers"),
            ([[["1", 0, 0, 0], *np.eye(4).tolist()[1:]]] * 3, "must be lists of numbers"),
            ([[[True, 0, 0, 0], *np.eye(4).tolist()[1:]]] * 3, "must be lists of numbers"),
        ):
            with self.assertRaises(ControlError) as caught:
                check_poses(value, 3)
            self.assertEqual(caught.exception.field, "poses")
            self.assertIn(reason, str(caught.exception))


class IntrinsicsTest(unittest.TestCase):
    def test_of_a_picture_the_width_is_the_focal_length(self) -> None:
        np.testing.assert_array_equal(default_intrinsics(832, 480), [832, 832, 416, 240])

    def test_a_resized_picture_shows_the_same(self) -> None:
        for source in random_cases(10):
            size, other = [(source.randint(8, 2000), source.randint(8, 2000)) for _ in range(2)]
            intrinsics = np.array([source.uniform(10, 999) for _ in range(4)])
            there = rescale_intrinsics(intrinsics, size, other)
            np.testing.assert_allclose(rescale_intrinsics(there, other, size), intrinsics)
            # A point of the picture is in the same direction.
            x, y = source.random(), source.random()
            for axis, (share, side) in enumerate(((x, 0), (y, 1))):
                before = (share * size[side] - intrinsics[axis + 2]) / intrinsics[axis]
                after = (share * other[side] - there[axis + 2]) / there[axis]
                self.assertAlmostEqual(before, after, places=9)

    def test_of_rows_the_first_counts(self) -> None:
        np.testing.assert_array_equal(check_intrinsics([[1, 2, 3, 4], [5, 6, 7, 8]]), [1, 2, 3, 4])
        for value in ([], [1, 2, 3], [[1, 2, 3]], "x", [0, 1, 1, 1], [1, -1, 1, 1], [1, 1, math.inf, 1]):
            with self.assertRaises(ControlError):
                check_intrinsics(value)

    def test_a_camera_whose_rays_would_be_no_numbers_is_refused(self) -> None:
        for value in ([1e-300, 1e-300, 1e300, 1], [0.9, 1, 1, 1], [1, 2e6, 1, 1], [1, 1, 1e7, 1], [1, 1, 1, -1e7]):
            with self.assertRaisesRegex(ControlError, "is no camera's"):
                check_intrinsics(value)
        for extreme in ([1, 1, 1e6, -1e6], [1e6, 1e6, 0, 0]):
            rays = plucker_rays(np.eye(4)[None], check_intrinsics(extreme), 16, 16)
            np.testing.assert_allclose(np.linalg.norm(rays[..., 3:], axis=-1), 1, atol=1e-5)

    def test_the_working_size_is_the_models(self) -> None:
        for image, expected in (
            ((832, 480), (832, 480)),
            ((1664, 960), (832, 480)),
            ((480, 832), (480, 832)),
            ((1920, 1080), (832, 464)),
            ((1000, 1000), (624, 624)),
            ((4, 3), (720, 544)),
        ):
            self.assertEqual(working_size(*image), expected)
        self.assertEqual(working_size(1280, 720, 720 * 1280), (1280, 720))


class ControlTensorTest(unittest.TestCase):
    def test_directions_have_length_1_and_begin_at_the_camera(self) -> None:
        for source in random_cases(11):
            geometry, pose = random_geometry(source), random_pose(source)
            [rays] = plucker_rays(pose[None], geometry.intrinsics, geometry.width, geometry.height)
            np.testing.assert_allclose(np.linalg.norm(rays[..., 3:], axis=-1), 1, atol=2e-6)
            np.testing.assert_allclose(rays[..., :3], np.broadcast_to(pose[:3, 3], rays[..., :3].shape), rtol=1e-6)

    def test_folding_and_unfolding_is_nothing(self) -> None:
        for source in random_cases(12):
            geometry, channels = random_geometry(source), source.randint(1, 8)
            shape = (geometry.chunk_size, geometry.height, geometry.width, channels)
            pixels = np.random.default_rng(source.randint(0, 2**31)).random(shape).astype(np.float32)
            folded = fold(pixels, geometry.latent_width, geometry.latent_height)
            self.assertEqual(folded.shape, (1, channels * 64, geometry.chunk_size, geometry.latent_height, geometry.latent_width))
            np.testing.assert_array_equal(unfold(folded, channels), pixels)

    def test_a_tensor_does_not_depend_on_where_the_world_begins(self) -> None:
        for source in random_cases(13, 20):
            geometry = random_geometry(source)
            poses, world, previous = random_walk(source, geometry.chunk_size), random_pose(source), random_pose(source)
            expected = build_control(geometry, poses, previous)
            moved = build_control(geometry, world @ poses, world @ previous)
            np.testing.assert_allclose(moved.tensor, expected.tensor, atol=2e-5)
            self.assertAlmostEqual(moved.translation_unit, expected.translation_unit)

    def test_a_tensor_has_the_shape_that_is_said_and_single_precision(self) -> None:
        for control_type, channels in (("cam", 6), ("act", 7)):
            for source in random_cases(14, 10):
                geometry = random_geometry(source, control_type)
                action = action_of(["w"], geometry.chunk_size) if control_type == "act" else None
                tensor = build_control(geometry, random_walk(source, geometry.chunk_size), None, action=action).tensor
                self.assertEqual(tensor.shape, geometry.tensor_shape)
                self.assertEqual(tensor.shape[1], channels * 64)
                self.assertEqual(tensor.dtype, np.float32)
                self.assertTrue(tensor.flags["C_CONTIGUOUS"])

    def test_it_agrees_with_the_formulas(self) -> None:
        for source in random_cases(15, 12):
            for control_type in ("cam", "act"):
                geometry = random_geometry(source, control_type)
                poses = random_walk(source, geometry.chunk_size)
                previous = random_pose(source) if source.random() < 0.7 else None
                action = np.array([[source.random() for _ in range(4)] for _ in poses]) if control_type == "act" else None
                control = build_control(geometry, poses, previous, action=action)
                for _ in range(40):
                    place = [source.randrange(size) for size in control.tensor.shape]
                    expected = by_the_formulas(geometry, poses.tolist(), previous, action, place)
                    self.assertAlmostEqual(float(control.tensor[tuple(place)]), expected, places=4)

    def test_the_camera_can_be_told_from_its_rays(self) -> None:
        for source in random_cases(16):
            width, height = 8 * source.randint(2, 12), 8 * source.randint(2, 12)
            intrinsics = np.array(
                [source.uniform(0.4, 2) * width, source.uniform(0.4, 2) * width, source.uniform(0.3, 0.7) * width, source.uniform(0.3, 0.7) * height]
            )
            pose = random_pose(source)
            found, camera = camera_of_rays(plucker_rays(pose[None], intrinsics, width, height)[0])
            np.testing.assert_allclose(found, pose, atol=3e-6)
            np.testing.assert_allclose(camera, intrinsics, rtol=1e-4)

    def test_an_action_is_there_for_act_and_only_for_it(self) -> None:
        poses = np.stack([np.eye(4)] * 3)
        intrinsics = default_intrinsics(16, 16)
        with self.assertRaisesRegex(ControlError, "action is missing"):
            build_control(ControlGeometry(16, 16, 3, intrinsics, "act"), poses, None)
        with self.assertRaisesRegex(ControlError, "action is not taken"):
            build_control(ControlGeometry(16, 16, 3, intrinsics), poses, None, action=np.zeros((3, 4)))

    def test_an_action_comes_at_either_rate(self) -> None:
        rows = np.arange(36).reshape(9, 4)
        np.testing.assert_array_equal(check_action(rows.tolist(), 3), rows[[0, 4, 8]])
        np.testing.assert_array_equal(check_action(rows[:3].tolist(), 3), rows[:3])
        np.testing.assert_array_equal(action_of({"w", "d"}, 2), [[1, 0, 0, 1], [1, 0, 0, 1]])
        for value in (rows[:4].tolist(), rows[:, :3].tolist(), [1, 2, 3, 4], 7):
            with self.assertRaisesRegex(ControlError, "must be 3 rows"):
                check_action(value, 3)


def by_the_formulas(
    geometry: ControlGeometry, poses: list[list[list[float]]], previous: np.ndarray | None, action: np.ndarray | None, place: list[int]
) -> float:
    """One number of a control tensor, by what the model's papers say of it. Nothing of the library is used."""
    _batch, channel, frame, latent_row, latent_column = place
    plane, in_cell = divmod(channel, 64)
    x, y = latent_column * 8 + in_cell % 8, latent_row * 8 + in_cell // 8
    before: list[list[list[float]] | None] = [None if previous is None else previous.tolist(), *poses[:-1]]
    steps = [seen_from(first, second) for first, second in zip(before, poses)]
    longest = max(math.sqrt(sum(step[axis][3] ** 2 for axis in range(3))) for step in steps)
    step = steps[frame]
    fx, fy, cx, cy = (float(value) for value in geometry.intrinsics)
    along = ((x + 0.5 - cx) / fx, (y + 0.5 - cy) / fy, 1.0)
    length = math.sqrt(sum(part * part for part in along))
    direction = [sum(step[row][axis] * along[axis] for axis in range(3)) / length for row in range(3)]
    if geometry.control_type == "act":
        assert action is not None
        return direction[plane] if plane < 3 else float(action[frame][plane - 3])
    if plane >= 3:
        return direction[plane - 3]
    return step[plane][3] * geometry.translation_scale / longest if longest > 0 else 0.0


def seen_from(first: list[list[float]] | None, second: list[list[float]]) -> list[list[float]]:
    """A pose as the one before sees it: its rotation turned back, and its place as well; the first of all is where it is."""
    if first is None:
        return [[float(row == column) for column in range(4)] for row in range(3)]
    apart = [second[axis][3] - first[axis][3] for axis in range(3)]
    return [
        [sum(first[k][row] * second[k][column] for k in range(3)) for column in range(3)] + [sum(first[k][row] * apart[k] for k in range(3))]
        for row in range(3)
    ]


class GoldenTest(unittest.TestCase):
    """Against what the public TeleFuser code (`telefuser.pipelines.lingbot_world_fast.control`, with torch) returned."""

    def test_a_made_up_walk(self) -> None:
        golden = json.loads((FIXTURES / "world_control_golden.json").read_text())
        for case in golden["made_up"]:
            poses = made_up_walk(case["frames"], case["seed"])
            self.check(case, poses, np.array(case["intrinsics"]), 1e-5)

    def check(self, case: dict[str, object], poses: np.ndarray, intrinsics: np.ndarray, error: float) -> None:
        size, calibrated = tuple(case["size"]), tuple(case["calibrated_for"])  # type: ignore[arg-type]
        chunk_size, scale = int(case["chunk_size"]), float(case["translation_scale"])  # type: ignore[call-overload, arg-type]
        geometry = ControlGeometry(*size, chunk_size, rescale_intrinsics(intrinsics, calibrated, size), str(case["control_type"]), scale)
        latent_poses = poses[::4]
        for chunk in case["chunks"]:  # type: ignore[attr-defined]
            start = chunk["index"] * chunk_size
            previous = latent_poses[start - 1] if start > 0 else None
            action = np.array(chunk["action"]) if "action" in chunk else None
            tensor = build_control(geometry, latent_poses[start : start + chunk_size], previous, action=action).tensor
            self.assertEqual(list(tensor.shape), chunk["shape"])
            for place, expected in chunk["values"]:
                self.assertAlmostEqual(float(tensor[tuple(place)]), expected, delta=error, msg=f"{case['name']} {place}")
            self.assertAlmostEqual(float(np.abs(tensor.astype(np.float64)).mean()), chunk["mean"], delta=error)


def made_up_walk(frames: int, seed: int) -> np.ndarray:
    """A way (frames, 4, 4) of sines, the same wherever it is computed."""
    poses = np.stack([np.eye(4)] * frames)
    for index in range(frames):
        at = index / 7 + seed
        poses[index, :3, :3] = rotation_matrix(np.array([0.2 * math.sin(at), 0.7 * math.sin(at / 2) + 0.1 * at, 0.05 * math.cos(at)]))
        poses[index, :3, 3] = [math.sin(at) + 0.3 * at, 0.1 * math.cos(2 * at), 0.5 * at]
    return poses


if __name__ == "__main__":
    unittest.main()
