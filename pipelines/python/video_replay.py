"""
Server push: plays a video file with its sound, over and over if asked to. README.md says what a client may ask.

Needs numpy, OpenCV and PyAV (Debian: python3-numpy python3-opencv python3-av).
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Iterator

import av
import cv2
import numpy as np

DEFAULT_CLIP = Path(__file__).resolve().parent.parent / "video-replay" / "clip.mp4"
SAMPLE_RATE = 48_000
FRAMES_PER_CHUNK = 32
JPEG_QUALITY = 92
#: In realtime mode a chunk is yielded this long before its first frame is due, so that the viewer never runs dry in between.
LEAD_SECONDS = 0.25
MAX_DURATION_SECONDS = 86_400
#: What is longer or larger is cut, or made smaller.
MAX_CLIP_SECONDS = 120
MAX_PICTURE_BYTES = 512 * 1024 * 1024
MAX_WIDTH, MAX_HEIGHT = 1920, 1080


class Clip:
    """A whole video file: a JPEG a frame at a constant pace, and sound that is exactly as long as they play."""

    def __init__(self, path: Path) -> None:
        try:
            container = av.open(str(path))
        except OSError as error:
            raise RuntimeError(
                f"the video {path} cannot be read ({error}): -o clip=PATH names one, and --asset PATH lets the pipeline read it"
            ) from None
        with container:
            if not container.streams.video:
                raise RuntimeError(f"{path} has no picture in it")
            video = container.streams.video[0]
            self.fps = float(video.average_rate or 25)
            self.jpegs: list[bytes] = []
            self.width = self.height = 0
            sound = _Sound() if container.streams.audio else None
            streams = [video, *container.streams.audio[:1]]
            for frame in container.decode(streams):
                if isinstance(frame, av.AudioFrame):
                    if sound is not None:
                        sound.add(frame)
                elif not self._add_picture(frame):
                    break
            if sound is not None:
                sound.finish()
        if not self.jpegs:
            raise RuntimeError(f"{path} has no picture that can be decoded")
        self.pcm = None if sound is None else sound.fitted(round(len(self.jpegs) / self.fps * SAMPLE_RATE))

    def _add_picture(self, frame: av.VideoFrame) -> bool:
        """Takes a picture; says whether another one may come. Where the file has a gap the picture before stays."""
        if not self.jpegs:
            scale = min(1.0, MAX_WIDTH / frame.width, MAX_HEIGHT / frame.height)
            self.width, self.height = (int(side * scale) // 2 * 2 for side in (frame.width, frame.height))
            self._begin = frame.time or 0.0
            self._bytes = 0
        place = round(((frame.time or 0.0) - self._begin) * self.fps)
        pixels = frame.to_ndarray(format="bgr24", width=self.width, height=self.height)
        encoded, jpeg = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        if encoded and place >= len(self.jpegs):
            missing = min(place, int(MAX_CLIP_SECONDS * self.fps)) - len(self.jpegs)
            self.jpegs.extend(self.jpegs[-1:] * missing)
            self.jpegs.append(jpeg.tobytes())
            self._bytes += jpeg.size
        return len(self.jpegs) < MAX_CLIP_SECONDS * self.fps and self._bytes < MAX_PICTURE_BYTES


class _Sound:
    """The sound of a file as interleaved 16-bit stereo."""

    def __init__(self) -> None:
        self._resampler = av.AudioResampler(format="s16", layout="stereo", rate=SAMPLE_RATE)
        self._pieces: list[np.ndarray] = []
        self._begin: float | None = None

    def add(self, frame: av.AudioFrame) -> None:
        if self._begin is None:
            self._begin = frame.time or 0.0
        self._take(self._resampler.resample(frame))

    def finish(self) -> None:
        if self._begin is not None:
            self._take(self._resampler.resample(None))

    def fitted(self, samples: int) -> np.ndarray:
        """Exactly so many samples from media time 0 on: cut, or filled up with silence."""
        joined = np.concatenate([np.zeros((0, 2), np.int16), *self._pieces])
        late = round((self._begin or 0.0) * SAMPLE_RATE)
        joined = joined[-late:] if late < 0 else np.pad(joined, ((late, 0), (0, 0)))
        return np.pad(joined[:samples], ((0, max(0, samples - len(joined))), (0, 0)))

    def _take(self, frames: list[av.AudioFrame]) -> None:
        self._pieces.extend(frame.to_ndarray().reshape(-1, 2) for frame in frames)


class VideoReplay:
    about = {
        "name": "Video replay",
        "description": "Plays a video file with its sound.",
        "controls": [],
        "inputs": ["prompt"],
    }

    def __init__(self, path: Path) -> None:
        self._path = path
        self._clip: Clip | None = None
        self.default_fps: float | None = None

    def start(self) -> None:
        clip = self._clip = Clip(self._path)
        self.default_fps = clip.fps
        sound = "none" if clip.pcm is None else "stereo"
        print(f"{self._path}: {len(clip.jpegs)} frames, {clip.width}x{clip.height}, {clip.fps:g} fps, sound: {sound}")

    def stop(self) -> None:
        self._clip = None

    def serve(self, request: dict[str, Any]) -> Iterator[dict[str, Any]]:
        clip = self._clip
        if clip is None:
            raise RuntimeError("the clip is not loaded")
        frames, realtime, prompt = _read_request(request, clip)
        started_at = time.monotonic()
        first = index = 0
        while frames is None or first < frames:
            count = FRAMES_PER_CHUNK if frames is None else min(FRAMES_PER_CHUNK, frames - first)
            if realtime:
                # Anchored to the start: a late wake-up delays one chunk and not all that follow.
                time.sleep(max(0.0, started_at + first / clip.fps - LEAD_SECONDS - time.monotonic()))
            chunk: dict[str, Any] = {
                "type": "chunk",
                "index": index,
                "frames": [clip.jpegs[(first + i) % len(clip.jpegs)] for i in range(count)],
                "num_frames": count,
                "fps": clip.fps,
                "resolution": f"{clip.width}x{clip.height}",
                "prompt": prompt,
                "timestamp": time.time(),
            }
            if clip.pcm is not None:
                chunk.update(audio=_sound_of(clip, clip.pcm, first, count), audio_sample_rate=SAMPLE_RATE, audio_channels=2)
            yield chunk
            first += count
            index += 1


def _sound_of(clip: Clip, pcm: np.ndarray, first: int, count: int) -> np.ndarray:
    """The sound that belongs to the frames, from a clip that repeats for ever."""
    # Rounded from the start each time, so that slices neither overlap nor leave a sample out.
    begin, end = (round(frame / clip.fps * SAMPLE_RATE) for frame in (first, first + count))
    return pcm.take(range(begin, end), axis=0, mode="wrap")


def _read_request(request: dict[str, Any], clip: Clip) -> tuple[int | None, bool, str]:
    """Frames to play (None until the client leaves), whether at the clip's pace, and the prompt. A field wins over that of `config`."""
    config = request.get("config") or {}

    def field(name: str, default: Any) -> Any:
        for source in (request, config):
            if source.get(name) is not None:
                return source[name]
        return default

    duration, loop, realtime = field("duration_s", None), field("loop", False), field("realtime", False)
    prompt = field("prompt", "")
    for name, flag in (("loop", loop), ("realtime", realtime)):
        if not isinstance(flag, bool):
            raise ValueError(f"{name} must be true or false")
    if not isinstance(prompt, str):
        raise ValueError("prompt must be a string")
    if duration is not None:
        if isinstance(duration, bool) or not isinstance(duration, (int, float)) or not 0 < duration <= MAX_DURATION_SECONDS:
            raise ValueError(f"duration_s must be a number of seconds above 0, at most {MAX_DURATION_SECONDS}")
        return max(1, round(duration * clip.fps)), realtime, prompt
    return (None if loop else len(clip.jpegs)), realtime, prompt


def get_service(clip: str = str(DEFAULT_CLIP)) -> VideoReplay:
    return VideoReplay(Path(clip))
