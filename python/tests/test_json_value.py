from __future__ import annotations

import collections
import dataclasses
import datetime
import decimal
import enum
import json
import pathlib
import unittest
import uuid
from typing import Any

from telefuser_host.json_value import to_json_value


class Colour(enum.Enum):
    RED = "red"


class Level(str, enum.Enum):
    HIGH = "high"


class Broken:
    def __str__(self) -> str:
        raise ValueError("no")


@dataclasses.dataclass
class Point:
    x: int
    label: Colour


class JsonValueTest(unittest.TestCase):
    def test_what_each_kind_becomes(self) -> None:
        moment = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)
        cases: list[tuple[Any, Any]] = [
            (None, None),
            (True, True),
            (1, 1),
            (-0.0, 0.0),
            (1.5, 1.5),
            (float("nan"), "NaN"),
            (float("inf"), "Infinity"),
            (float("-inf"), "-Infinity"),
            (2**53, "9007199254740992"),
            (10**5000, "[unreadable]" if _limits_digits() else str(10**5000)),
            ("text\ud800", "text\ud800"),
            (b"bytes", "[bytes of 5 bytes]"),
            (memoryview(b"ab"), "[memoryview of 2 bytes]"),
            ((1, [2, {3}]), [1, [2, [3]]]),
            (collections.deque([1]), [1]),
            (frozenset(), []),
            ({1: "a", None: "b", 1.5: "d"}, {"1": "a", "null": "b", "1.5": "d"}),
            ({"__proto__": 1, "a": 2}, {"a": 2}),
            (collections.OrderedDict(a=1), {"a": 1}),
            (moment, "2026-01-02T03:04:05+00:00"),
            (moment.date(), "2026-01-02"),
            (decimal.Decimal("1.10"), "1.10"),
            (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
            (pathlib.PurePosixPath("a/b"), "a/b"),
            (Colour.RED, "red"),
            (Level.HIGH, "high"),
            (Point(1, Colour.RED), {"x": 1, "label": "red"}),
            (ValueError("no prompt"), "ValueError: no prompt"),
            (len, "[function len]"),
            (Point, "[class Point]"),
            (Broken(), "[unreadable]"),
            ([Broken(), 1], ["[unreadable]", 1]),
            (3 + 4j, "(3+4j)"),
        ]
        for value, expected in cases:
            with self.subTest(repr(expected)[:40]):
                found = to_json_value(value)
                self.assertEqual(found, expected)
                json.dumps(found, allow_nan=False)

    def test_a_boolean_key_is_the_word_of_json(self) -> None:
        self.assertEqual(to_json_value({True: 1, False: 2}), {"true": 1, "false": 2})

    def test_cycles_and_depth_end(self) -> None:
        cycle: list[Any] = [1]
        cycle.append({"again": cycle})
        self.assertEqual(to_json_value(cycle), [1, {"again": "[circular]"}])
        deep: Any = "bottom"
        for _ in range(100):
            deep = [deep]
        self.assertIn("[too deep]", json.dumps(to_json_value(deep)))

    def test_the_same_value_twice_is_no_cycle(self) -> None:
        shared = {"a": 1}
        self.assertEqual(to_json_value([shared, shared]), [shared, shared])

    def test_it_is_a_copy(self) -> None:
        value = {"list": [1]}
        copy = to_json_value(value)
        value["list"].append(2)
        self.assertEqual(copy, {"list": [1]})


def _limits_digits() -> bool:
    try:
        str(10**5000)
    except ValueError:
        return True
    return False


if __name__ == "__main__":
    unittest.main()
