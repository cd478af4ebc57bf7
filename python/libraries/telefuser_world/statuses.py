"""Messages about a session's progress, as the data channel carries them. The words are those of the TeleFuser server's pages."""

from __future__ import annotations

import time
from typing import Any

from .camera import CameraSteps
from .errors import ControlError
from .frames import FramePlan


def status(stage: str, **data: Any) -> dict[str, Any]:
    """A status message; `timestamp` is in seconds since 1970."""
    return {"type": "status", "stage": stage, "timestamp": time.time(), **data}


def refusal(error: ControlError, message_id: Any) -> dict[str, Any]:
    """A message of the client that cannot be used."""
    about = {} if message_id is None else {"id": message_id}
    return status("control_refused", field=error.field, reason=error.reason, remedy=error.remedy, error=str(error), **about)


def step_sizes(steps: CameraSteps) -> dict[str, float]:
    """What a key does in one latent frame."""
    return {
        "move_step": steps.move,
        "lateral_step": steps.lateral,
        "yaw_step_degrees": steps.yaw_degrees,
        "pitch_step_degrees": steps.pitch_degrees,
    }


def stream_progress(plan: FramePlan, generated_frames: int, completed_chunks: int, limit_seconds: float) -> dict[str, float]:
    """How far a session is."""
    return {
        "service_max_duration_seconds": limit_seconds,
        "target_duration_seconds": round(plan.duration_seconds, 3),
        "generated_duration_seconds": round(min(generated_frames / plan.fps, plan.duration_seconds), 3),
        "target_frames": plan.frame_num,
        "generated_frames": generated_frames,
        "fps": plan.fps,
        "total_chunks": plan.chunk_count,
        "completed_chunks": completed_chunks,
    }
