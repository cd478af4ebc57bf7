"""
How many frames: a latent frame is four video frames, but for the first, which is one; the model makes whole chunks of latent frames. So a session has
`4n + 1` video frames, where `n + 1` is a multiple of the chunk size.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from .errors import ConfigError

FRAMES_PER_LATENT = 4
FRAME_POLICIES = ("strict", "truncate")


@dataclass(frozen=True)
class FramePlan:
    """What a session makes."""

    frame_num: int
    chunk_size: int
    fps: int

    @property
    def latents(self) -> int:
        return (self.frame_num - 1) // FRAMES_PER_LATENT + 1

    @property
    def chunk_count(self) -> int:
        return self.latents // self.chunk_size

    @property
    def duration_seconds(self) -> float:
        """From the first frame to the last."""
        return (self.frame_num - 1) / self.fps


def frame_count(latents: int) -> int:
    """Video frames of so many latent frames from the session's beginning."""
    return FRAMES_PER_LATENT * (latents - 1) + 1


def chunk_frames(index: int, chunk_size: int) -> int:
    """Video frames of the chunk with this index, from 0."""
    return frame_count(chunk_size) if index == 0 else FRAMES_PER_LATENT * chunk_size


def resolve_frames(
    fps: int,
    chunk_size: int,
    max_duration_seconds: float,
    frame_num: int | None = None,
    frame_policy: str = "strict",
    max_latents: int | None = None,
) -> FramePlan:
    """
    The plan of a session. Without `frame_num` the longest that fits into `max_duration_seconds` and the model's `max_latents`. With one it must be
    possible (`strict`), or is cut to the last whole chunk (`truncate`). Raises ConfigError, which names the nearest values that would do.
    """
    if max_latents is not None and chunk_size > max_latents:
        raise ConfigError("chunk_size", f"is {chunk_size}, and this model has {max_latents} latent frames", f"give at most {max_latents}")
    # As the model counts: the last latent frame may begin at the very end of the time.
    longest = (math.floor(max_duration_seconds * fps / FRAMES_PER_LATENT + 1e-9) + 1) // chunk_size * chunk_size
    if longest < chunk_size:
        least = (frame_count(chunk_size) - 1) / fps
        raise ConfigError(
            "max_duration_seconds",
            f"is {max_duration_seconds:g}, too short for one chunk of {chunk_size} latent frames at {fps} fps",
            f"give at least {math.ceil(least * 1000) / 1000:g}, or a smaller chunk_size",
        )
    if max_latents is not None:
        longest = min(longest, max_latents // chunk_size * chunk_size)
    if frame_num is None:
        return FramePlan(frame_count(longest), chunk_size, fps)
    below, above = nearest_frame_counts(frame_num, chunk_size)
    fits = [count for count in (below, above) if count is not None and count <= frame_count(longest)]
    remedy = f"give {' or '.join(map(str, fits or [frame_count(longest)]))}, or leave it out for {frame_count(longest)}"
    latents = (frame_num - 1) // FRAMES_PER_LATENT + 1
    if frame_num < 1 or (frame_num - 1) % FRAMES_PER_LATENT != 0:
        raise ConfigError("frame_num", f"must be 4n + 1, not {frame_num}", remedy)
    if latents % chunk_size != 0 and (frame_policy == "strict" or below is None):
        raise ConfigError(
            "frame_num", f"{frame_num} is {latents} latent frames, no whole number of chunks of {chunk_size}", remedy
        )
    plan = FramePlan(frame_count(latents // chunk_size * chunk_size), chunk_size, fps)
    if max_latents is not None and plan.latents > max_latents:
        raise ConfigError("frame_num", f"{frame_num} is {plan.latents} latent frames, and this model has {max_latents}", remedy)
    if plan.latents > longest:
        raise ConfigError(
            "frame_num",
            f"{frame_num} lasts {plan.duration_seconds:g} s at {fps} fps, and max_duration_seconds is {max_duration_seconds:g}",
            remedy,
        )
    return plan


def nearest_frame_counts(frame_num: int, chunk_size: int) -> tuple[int | None, int]:
    """The longest possible `frame_num` up to this one (None: there is none), and the shortest from it on."""
    per_chunk = FRAMES_PER_LATENT * chunk_size
    chunks = (frame_num + FRAMES_PER_LATENT - 1) // per_chunk
    below = frame_count(chunks * chunk_size) if chunks >= 1 else None
    if below == frame_num:
        return below, below
    return below, frame_count((max(chunks, 0) + 1) * chunk_size)
