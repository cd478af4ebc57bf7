"""A picture with a frame counter that the tests read. A neighbour of the pipelines, found because their folder is on the path."""

import numpy as np

WIDTH, HEIGHT, FPS = 832, 480, 24
BLOCK = 24


def draw(number: int, colour: tuple) -> np.ndarray:
    """An RGB picture of one colour, with the number modulo 256 in thirteen black and white blocks."""
    picture = np.full((HEIGHT, WIDTH, 3), colour, np.uint8)
    bits = [number >> place & 1 for place in range(7, -1, -1)]
    for place, bit in enumerate([1, 0, *bits, 1 - sum(bits) % 2, 0, 1]):
        left = BLOCK * place + 16
        picture[16 : 16 + BLOCK, left : left + BLOCK] = 255 * bit
    return picture
