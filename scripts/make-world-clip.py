"""
Makes the pictures of pipelines/world/README.md: walk.webp, 20 seconds of a walk, and three stills.

    /usr/bin/python3 -B scripts/make-world-clip.py [folder]

Needs numpy, Pillow and the `ffmpeg` command with libwebp. The walk is a session of the pipeline itself, keys and all, without a server between; what it makes is
committed, so this is run only to change it.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any, Iterator

ROOT = Path(__file__).resolve().parent.parent
WORLD = ROOT / "pipelines" / "world"
sys.path[:0] = [str(ROOT / "python" / "libraries"), str(WORLD)]

import numpy as np  # noqa: E402
from PIL import Image  # noqa: E402

from pipeline import get_service  # noqa: E402

FPS = 16
SECONDS = 20
#: Of the clip: it is to load quickly.
CLIP_WIDTH, CLIP_FPS, CLIP_QUALITY = 480, 8, 40
STILL_QUALITY = 82

#: Keys for so many chunks of 0.75 s each, and the prompt that is said before.
WALK: list[tuple[str, int, str | None]] = [
    ("w", 5, None),
    ("wj", 2, None),
    ("w", 3, None),
    ("wl", 2, "sunset"),
    ("w", 4, None),
    ("l", 3, None),
    ("wl", 2, "night"),
    ("w", 4, None),
    ("j", 2, "snow"),
    ("wj", 3, None),
]
STILLS = {"garden.webp": "a bright afternoon", "evening.webp": "sunset", "night.webp": "night"}


def walk(prompt: str, legs: list[tuple[str, int, str | None]], hud: bool) -> Iterator[np.ndarray]:
    """Every picture of a session whose keys are pressed for so many chunks."""
    service.create_session({"session_id": "clip", "prompt": prompt, "show_control_hud": hud})
    waiting = [(keys, new) for keys, count, prompt_ in legs for keys, new in [(keys, prompt_)] + [(keys, None)] * (count - 1)]

    def press_next() -> None:
        if not waiting:
            service.close_session("clip")
            return
        keys, new = waiting.pop(0)
        if new is not None:
            service.push_chunk("clip", {"type": "control", "prompt": new})
        service.push_chunk("clip", {"type": "control_state", "controls": []})
        service.push_chunk("clip", {"type": "control_state", "controls": list(keys)})
        service.push_chunk("clip", {"type": "control_state", "controls": []})

    for message in service.pull_chunks("clip"):
        if message.get("type") == "preview" and "frames" in message:
            yield message["frames"][0].copy()
            press_next()
        elif isinstance(message.get("frames"), list):
            yield message["frames"][0].copy()
        elif message.get("stage") == "chunk_sent":
            press_next()


def write_clip(path: Path, pictures: list[np.ndarray]) -> None:
    height, width = pictures[0].shape[:2]
    source = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", str(FPS), "-i", "-"]
    scale = ["-vf", f"fps={CLIP_FPS},scale={CLIP_WIDTH}:-2:flags=area"]
    encode = ["-c:v", "libwebp_anim", "-loop", "0", "-quality", str(CLIP_QUALITY), "-compression_level", "6"]
    command = ["ffmpeg", "-v", "error", "-y", *source, *scale, *encode, str(path)]
    subprocess.run(command, input=b"".join(picture.tobytes() for picture in pictures), check=True)


def main(folder: Path) -> None:
    for name, prompt in STILLS.items():
        picture = next(iter(walk(prompt, [], False)))
        service.close_session("clip")
        Image.fromarray(picture).save(folder / name, quality=STILL_QUALITY, method=6)
    pictures = list(walk("a bright afternoon", WALK, True))[: FPS * SECONDS]
    write_clip(folder / "walk.webp", pictures)
    print(f"{len(pictures) / FPS:g} s, {(folder / 'walk.webp').stat().st_size} bytes in {folder}")


service: Any = get_service()
if __name__ == "__main__":
    service.start()
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else WORLD)
