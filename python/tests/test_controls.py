"""Control messages with an id: what is one, and which chunk names it."""

from __future__ import annotations

import random
import unittest
from typing import Any

from telefuser_host.controls import MAX_WAITING_CONTROLS, PushedControls, control_key, read_applied_controls


def ids(applied: list[dict[str, Any]]) -> list[str]:
    return [control["id"] for control in applied]


class ControlKeyTest(unittest.TestCase):
    def test_what_is_an_id(self) -> None:
        cases = [("a", "a"), ("x" * 128, "x" * 128), ("😀" * 64, "😀" * 64), (7, "7"), (-1, "-1"), (2**53 - 1, "9007199254740991")]
        for value, key in cases:
            self.assertEqual(control_key(value), key)
        for value in ("", "x" * 129, "😀" * 65, 1.0, 2**53, True, None, [], {}, b"a"):
            self.assertIsNone(control_key(value))

    def test_a_chunk_names_no_more_than_it_may(self) -> None:
        named = read_applied_controls(list(range(MAX_WAITING_CONTROLS * 2)))
        assert named is not None
        self.assertEqual(len(named.ids), MAX_WAITING_CONTROLS)


class PushedControlsTest(unittest.TestCase):
    def test_a_chunk_names_what_was_pushed_before_its_making_began(self) -> None:
        controls = PushedControls()
        controls.advancing()
        controls.pushed("a", 10.0)
        self.assertEqual(controls.take(None), [])
        controls.advancing()
        controls.pushed("b", 20.0)
        self.assertEqual(controls.take(None), [{"id": "a", "pushedAtMs": 10.0}])
        controls.advancing()
        self.assertEqual(ids(controls.take(None)), ["b"])

    def test_a_pipeline_that_names_them_itself_is_left_to_it(self) -> None:
        controls = PushedControls()
        controls.pushed("a", 1.0)
        controls.advancing()
        self.assertEqual(controls.take([]), [])
        controls.pushed("b", 0.0)
        named = controls.take(["b", "unknown", "a"])
        self.assertEqual(named, [{"id": "b", "pushedAtMs": 0.0}, {"id": "unknown"}, {"id": "a", "pushedAtMs": 1.0}])
        controls.pushed("c", 3.0)
        controls.advancing()
        self.assertEqual(controls.take(None), [])

    def test_the_oldest_of_too_many_is_forgotten(self) -> None:
        controls = PushedControls()
        for number in range(300):
            controls.pushed(str(number), 0.0)
            if number == 200:
                controls.advancing()
        controls.advancing()
        self.assertEqual(ids(controls.take(None)), [str(number) for number in range(300 - MAX_WAITING_CONTROLS, 300)])

    def test_each_is_named_once_in_order_and_never_too_early(self) -> None:
        source = random.Random(4)
        for _ in range(200):
            controls = PushedControls()
            pushed = allowed = 0
            named: list[str] = []
            for action in source.choices(("push", "advance", "yield"), k=50):
                if action == "push":
                    controls.pushed(str(pushed), 0.0)
                    pushed += 1
                elif action == "advance":
                    controls.advancing()
                    allowed = pushed
                else:
                    named += ids(controls.take(None))
                    self.assertEqual(named, [str(number) for number in range(len(named))])
                    self.assertLessEqual(len(named), allowed)
