"""What a pipeline yields, checked and taken apart."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any

from .array_like import to_array
from .base64_text import decode_base64
from .controls import read_applied_controls
from .json_value import to_json_value
from .media import (
    DEFAULT_SAMPLE_RATE,
    MAX_FRAMES,
    MAX_SAMPLE_RATE,
    MIN_SAMPLE_RATE,
    ByteBudget,
    ChunkFormatError,
    PcmAudio,
    RawPicture,
    kind_of,
)
from .pictures import Picture, parse_frame
from .protocol import BytesLike
from .sounds import Samples, parse_samples

#: Keys that never reach the client's data channel.
_MEDIA_KEYS = frozenset(
    ("frames", "frames_b64", "audio", "audio_b64", "audio_sample_rate", "audio_channels", "delivery", "queue_ms", "applied_control_ids")
)

#: Under which a pipeline names the controls that a chunk is the first to reflect.
_APPLIED_CONTROLS = "applied_controls"
#: The same for a pipeline that has its own use for that name. Beside it, `applied_controls` is metadata whatever is in it.
_APPLIED_CONTROL_IDS = "applied_control_ids"

_MIN_FPS, _MAX_FPS = 1, 240
_MAX_QUEUE_MS = 60_000
#: Beyond it the server, which is JavaScript, has no exact whole numbers.
_MAX_INDEX = 2**53

Fields = Mapping[str, Any]


@dataclass(frozen=True)
class Chunk:
    """A yielded value as it goes over the wire; None for what it does not say."""

    pictures: list[Picture]
    audio: PcmAudio | None
    fps: float | None
    index: float | None
    delivery: str | None
    queue_ms: float | None
    #: The ids of the controls that the chunk reflects, where the pipeline says so itself.
    applied: list[str] | None
    metadata: dict[str, Any]


def parse_chunk(value: Any) -> Chunk:
    """
    What a pipeline yielded, checked and with its base64 undone; the rules are those of the server's parser. Pictures and audio
    are views of the pipeline's own memory where they were bytes of the right kind already; metadata is a copy. Raises
    ChunkFormatError.
    """
    if not isinstance(value, Mapping):
        raise ChunkFormatError(f"a chunk must be a dict, not {kind_of(value)}")
    nested = None
    if not _has_items(value, "frames") and not _has_items(value, "frames_b64") and isinstance(value.get("data"), Mapping):
        nested = value["data"]
    media = value if nested is None else nested
    audio_source = value if _has_items(value, "audio") or _has_items(value, "audio_b64") else media

    budget = ByteBudget()
    pictures = _parse_pictures(media, budget)
    return Chunk(
        pictures=pictures,
        audio=_parse_audio(audio_source, budget),
        fps=_parse_number(_first(media, value, "fps"), "fps", "a number", _MIN_FPS, _MAX_FPS),
        index=_parse_index(value.get("index")),
        delivery=_parse_delivery(_first(media, value, "delivery")),
        queue_ms=_parse_number(_first(media, value, "queue_ms"), "queue_ms", "a number of milliseconds", 0, _MAX_QUEUE_MS),
        applied=_parse_applied(media, value),
        metadata=_parse_metadata(value, nested),
    )


def _first(media: Fields, chunk: Fields, name: str) -> Any:
    found = media.get(name)
    return chunk.get(name) if found is None else found


def _parse_pictures(fields: Fields, budget: ByteBudget) -> list[Picture]:
    pictures: list[Picture] = []
    for position, frame in enumerate(_list_of(fields, "frames")):
        picture = parse_frame(frame, f"frames[{position}]")
        budget.take(memoryview(picture.data if isinstance(picture, RawPicture) else picture).nbytes)
        pictures.append(picture)
    if pictures:
        return pictures
    for position, text in enumerate(_list_of(fields, "frames_b64")):
        data = _parse_base64(text, f"frames_b64[{position}]", budget)
        if not data:
            raise ChunkFormatError(f"frames_b64[{position}] is empty")
        pictures.append(data)
    return pictures


def _parse_audio(fields: Fields, budget: ByteBudget) -> PcmAudio | None:
    samples, name = _find_samples(fields, budget)
    if samples is None:
        return None
    rate = fields.get("audio_sample_rate")
    rate = DEFAULT_SAMPLE_RATE if rate is None else rate
    if not _is_number(rate) or not MIN_SAMPLE_RATE <= rate <= MAX_SAMPLE_RATE or rate != int(rate):
        raise ChunkFormatError(f"audio_sample_rate must be a whole number of hertz from {MIN_SAMPLE_RATE} to {MAX_SAMPLE_RATE}")
    channels = fields.get("audio_channels")
    if channels is None:
        channels = samples.channels or 1
    if not _is_number(channels) or channels not in (1, 2):
        raise ChunkFormatError("audio_channels must be 1 or 2")
    if samples.channels is not None and samples.channels != channels:
        raise ChunkFormatError(f"audio_channels is {channels}, but audio has {samples.channels} channels")
    length = memoryview(samples.data).nbytes
    if length % (2 * int(channels)) != 0:
        raise ChunkFormatError(
            f"{name} holds {length} bytes, which is no multiple of {2 * int(channels)} (16 bits × {int(channels)} channels)"
        )
    return PcmAudio(samples.data, int(rate), int(channels))


def _find_samples(fields: Fields, budget: ByteBudget) -> tuple[Samples | None, str]:
    """The samples of `audio`, or where there are none those of `audio_b64`."""
    raw = fields.get("audio")
    if raw is not None and not _is_namesake("audio", raw):
        samples = parse_samples(raw)
        length = memoryview(samples.data).nbytes
        budget.take(length)
        if length > 0:
            return samples, "audio"
    encoded = fields.get("audio_b64")
    if encoded is None:
        return None, "audio_b64"
    data = _parse_base64(encoded, "audio_b64", budget)
    return (Samples(data, None) if data else None), "audio_b64"


def _parse_number(value: Any, name: str, what: str, low: float, high: float) -> float | None:
    if value is None:
        return None
    if not _is_number(value) or not low <= value <= high:
        raise ChunkFormatError(f"{name} must be {what} from {low} to {high}")
    return _plain_number(value)


def _parse_index(value: Any) -> float | None:
    return _plain_number(value) if _is_number(value) and math.isfinite(value) and abs(value) <= _MAX_INDEX else None


def _parse_delivery(value: Any) -> str | None:
    if value is None or (isinstance(value, str) and value in ("lossless", "latest")):
        return value
    raise ChunkFormatError('delivery must be "lossless" or "latest"')


def _parse_applied(media: Fields, chunk: Fields) -> list[str] | None:
    for fields in (media, chunk):
        key = _APPLIED_CONTROL_IDS if _APPLIED_CONTROL_IDS in fields else _APPLIED_CONTROLS
        named = read_applied_controls(fields.get(key))
        if named is not None:
            return named.ids
    return None


def _is_number(value: Any) -> bool:
    # Numbers of numpy are Real as well.
    return isinstance(value, Real) and not isinstance(value, bool)


def _plain_number(value: Any) -> float:
    return int(value) if value == int(value) else float(value)


def _parse_metadata(chunk: Fields, nested: Fields | None) -> dict[str, Any]:
    # Media keys go before the conversion, so that no megabyte of pixels is turned into JSON only to be thrown away.
    metadata = _without_media(chunk)
    if nested is not None:
        data = _without_media(nested)
        if data:
            metadata["data"] = data
        else:
            del metadata["data"]
    converted: dict[str, Any] = to_json_value(metadata)
    return converted


def _without_media(fields: Fields) -> dict[Any, Any]:
    return {
        key: value
        for key, value in fields.items()
        if (key not in _MEDIA_KEYS or _is_namesake(key, value)) and not _is_list_of_controls(key, value, fields)
    }


def _is_list_of_controls(key: str, value: Any, fields: Fields) -> bool:
    """A list of nothing but ids is the server's to carry; one that says more is metadata too."""
    if key != _APPLIED_CONTROLS or _APPLIED_CONTROL_IDS in fields:
        return False
    named = read_applied_controls(value)
    return named is not None and not named.is_metadata


def _is_namesake(key: str, value: Any) -> bool:
    """
    `frames: 24` and `audio: "a.wav"` are a pipeline's own words for something else: metadata, as in the server we are compatible
    with.
    """
    return key in ("frames", "audio") and isinstance(value, (str, int, float))


def _parse_base64(value: Any, name: str, budget: ByteBudget) -> BytesLike:
    if not isinstance(value, (str, bytes, bytearray)):
        raise ChunkFormatError(f"{name} must be a base64 string, not {kind_of(value)}")
    budget.take(len(value) * 3 // 4)
    data = decode_base64(value)
    if data is None:
        raise ChunkFormatError(f"{name} is not base64")
    return data


def _list_of(fields: Fields, name: str) -> list[Any] | tuple[Any, ...]:
    value = fields.get(name)
    if value is None or _is_namesake(name, value):
        return ()
    if not isinstance(value, (list, tuple)):
        # A batch of pictures in one array: frames × height × width × 3.
        batch = to_array(value) if name == "frames" else None
        if batch is None or batch.ndim != 4:
            raise ChunkFormatError(f"{name} must be a list, not {kind_of(value)}")
        value = list(batch)
    if len(value) > MAX_FRAMES:
        raise ChunkFormatError(f"{name} holds {len(value)} frames; a chunk may carry {MAX_FRAMES}")
    return value


def _has_items(fields: Fields, name: str) -> bool:
    value = fields.get(name)
    if value is None or _is_namesake(name, value):
        return False
    try:
        return len(value) > 0
    except TypeError:
        return True
