"""Noise that textures, clouds and hills are made of. The same seed gives the same noise."""

from __future__ import annotations

import numpy as np


def fractal(size: int, seed: int, slope: float = 1.0, lowest: int = 1, highest: int | None = None) -> np.ndarray:
    """
    Tileable fractal noise (size, size) float32 of mean 0 and deviation 1: white noise whose waves (from `lowest` to `highest` in the square) are
    weaker the shorter they are, by their number to the power of `slope`.
    """
    generator = np.random.default_rng(seed)
    spectrum = np.fft.rfft2(generator.standard_normal((size, size)))
    rows = np.fft.fftfreq(size, 1 / size)[:, None]
    columns = np.fft.rfftfreq(size, 1 / size)[None, :]
    waves = np.hypot(rows, columns)
    keep = (waves >= lowest) & (waves <= (highest or size))
    noise = np.fft.irfft2(np.where(keep, spectrum / np.maximum(waves, 1) ** slope, 0), s=(size, size))
    return ((noise - noise.mean()) / max(float(noise.std()), 1e-9)).astype(np.float32)


def smooth_step(low: float, high: float, value: np.ndarray) -> np.ndarray:
    """0 up to `low`, 1 from `high` on, and smooth between."""
    share = np.clip((value - low) / (high - low), 0, 1)
    result: np.ndarray = share * share * (3 - 2 * share)
    return result


def mix(first: np.ndarray, second: np.ndarray | tuple[float, float, float], share: np.ndarray) -> np.ndarray:
    """Two pictures (…, 3) by shares (…)."""
    share = np.asarray(share, dtype=np.float32)[..., None]
    result: np.ndarray = first + (np.asarray(second, dtype=np.float32) - first) * share
    return result
