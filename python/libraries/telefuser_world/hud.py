"""Two panels that show which controls a chunk was made with: MOVE in the bottom left corner, ROTATE in the bottom right one."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

#: For each panel its word, its colour, and the controls of its arrows: up, left, down, right.
_PANELS = (("MOVE", (56, 132, 255), "wasd"), ("ROTATE", (255, 168, 38), "ijkl"))
_PLATE, _PLATE_ALPHA = (10, 16, 30), 0.55
_IDLE, _IDLE_ALPHA = (148, 160, 178), 0.62
_LIT_ALPHA = 0.96
_RIM_ALPHA = 0.55
#: Drawn so many times larger and then averaged, for smooth edges.
_OVERSAMPLING = 4

#: Letters of the two words, five by seven.
_LETTERS = {
    "M": "10001 11011 10101 10101 10001 10001 10001",
    "O": "01110 10001 10001 10001 10001 10001 01110",
    "V": "10001 10001 10001 10001 10001 01010 00100",
    "E": "11111 10000 10000 11110 10000 10000 11111",
    "R": "11110 10001 10001 11110 10100 10010 10001",
    "T": "11111 00100 00100 00100 00100 00100 00100",
    "A": "01110 10001 10001 11111 10001 10001 10001",
}


class Hud:
    """Draws into pictures of one size. A panel is drawn when a combination of its keys is first held, and then only blended."""

    def __init__(self, width: int, height: int) -> None:
        side = max(24, min(width, height) // 5)
        margin = max(6, min(width, height) // 30)
        tall = side + max(10, side // 5)
        top = max(0, height - margin - tall)
        self._places = [(top, margin), (top, max(0, width - margin - side))]
        self._panel_size = (side, tall)
        self._panels: dict[tuple[str, int], tuple[np.ndarray, np.ndarray]] = {}

    def draw(self, frame: np.ndarray, controls: Collection[str]) -> None:
        """Blends the panels into an RGB picture (height, width, 3) uint8, in place."""
        for (word, colour, keys), (top, left) in zip(_PANELS, self._places):
            combination = sum(1 << place for place, key in enumerate(keys) if key in controls)
            add, keep = self._panel(word, colour, combination)
            corner = frame[top : top + add.shape[0], left : left + add.shape[1]]
            mixed = corner * keep[: corner.shape[0], : corner.shape[1]]
            mixed += add[: corner.shape[0], : corner.shape[1]]
            corner[:] = mixed >> 8

    def _panel(self, word: str, colour: tuple[int, int, int], combination: int) -> tuple[np.ndarray, np.ndarray]:
        panel = self._panels.get((word, combination))
        if panel is None:
            # Of all 32 at once an offer would wait for half a second and more.
            panel = self._panels[word, combination] = _blend(*_draw(word, colour, *self._panel_size, combination))
        return panel


def _blend(colours: np.ndarray, alphas: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What to add to 256 times a picture's levels, and how much of it to keep (0–256)."""
    keep = np.rint(256 * (1 - alphas)).astype(np.uint16)
    return np.rint(np.clip(colours * 256, 0, 255 * (256 - keep))).astype(np.uint16), keep


def _draw(word: str, colour: tuple[int, int, int], side: int, tall: int, combination: int) -> tuple[np.ndarray, np.ndarray]:
    """Colours, multiplied by their alpha, and alphas of a panel (tall, side, 3) and (tall, side, 1)."""
    colours, alphas = np.zeros((tall, side, 3)), np.zeros((tall, side, 1))

    def paint(share: np.ndarray, paint_colour: tuple[int, int, int], alpha: float) -> None:
        cover = share[:, :, None] * alpha
        colours[:] = colours * (1 - cover) + np.array(paint_colour) * cover
        alphas[:] = alphas * (1 - cover) + cover

    def shape(inside: np.ndarray) -> np.ndarray:
        return inside.reshape(tall, _OVERSAMPLING, side, _OVERSAMPLING).mean(axis=(1, 3))

    y, x = np.mgrid[: tall * _OVERSAMPLING, : side * _OVERSAMPLING] / _OVERSAMPLING + 0.5 / _OVERSAMPLING
    top = tall - side
    plate = _rounded(x - side / 2, y - top - side / 2, side / 2 - 0.5, side / 8)
    paint(shape(plate < 0), _PLATE, _PLATE_ALPHA)
    paint(shape(np.abs(plate + 0.8) < 0.8), colour, _RIM_ALPHA)
    paint(_word(word, side, tall, top), colour, _LIT_ALPHA)
    reach = side * 0.3
    for place, (across, down) in enumerate(((0, -1), (-1, 0), (0, 1), (1, 0))):
        lit = bool(combination & (1 << place))
        along = (x - side / 2) * across + (y - top - side / 2) * down - reach
        aside = np.abs((x - side / 2) * down - (y - top - side / 2) * across)
        arrow = (along > -side * 0.09) & (aside < side * 0.1 - along * 0.85)
        paint(shape(arrow), colour if lit else _IDLE, _LIT_ALPHA if lit else _IDLE_ALPHA)
    return colours, alphas


def _rounded(x: np.ndarray, y: np.ndarray, half: float, radius: float) -> np.ndarray:
    """Distance from a rounded square's edge, negative inside."""
    dx, dy = np.abs(x) - half + radius, np.abs(y) - half + radius
    outside = np.hypot(np.maximum(dx, 0), np.maximum(dy, 0))
    distance: np.ndarray = outside + np.minimum(np.maximum(dx, dy), 0) - radius
    return distance


def _word(word: str, side: int, tall: int, room: int) -> np.ndarray:
    """The word above the panel, in the middle (tall, side)."""
    dot = max(1, (room - 3) // 7)
    letters = [np.array([[int(bit) for bit in row] for row in _LETTERS[letter].split()]) for letter in word]
    gap = np.zeros((7, 1), dtype=int)
    line = np.concatenate([part for letter in letters for part in (letter, gap)][:-1], axis=1)
    while dot > 1 and line.shape[1] * dot > side:
        dot -= 1
    line = np.kron(line, np.ones((dot, dot), dtype=int))[:, :side]
    result = np.zeros((tall, side))
    left, top = (side - line.shape[1]) // 2, max(0, (room - line.shape[0]) // 2 - 1)
    result[top : top + line.shape[0], left : left + line.shape[1]] = line
    return result
