"""Host protocol, version 1: messages over a socket. `docs/pipeline-host.md` describes it."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections import deque
from contextlib import suppress
from itertools import islice
from typing import Any, Mapping, NamedTuple, NoReturn, Sequence, Union

PROTOCOL_VERSION = 1

#: File descriptor of the pipe.
PROTOCOL_FD = 3

MAX_HEADER_BYTES_FROM_SERVER = 64 * 1024 * 1024
MAX_HEADER_BYTES_FROM_HOST = 1024 * 1024
MAX_BODY_BYTES = 320 * 1024 * 1024
MAX_PARTS = 4096

_PREFIX = struct.Struct("<II")
#: Buffers that one `sendmsg` takes; Linux allows 1024.
_MAX_BUFFERS = 512
#: How long last words wait for a message that is being sent.
_LAST_WORDS_SECONDS = 0.5

BytesLike = Union[bytes, bytearray, memoryview]


class ProtocolError(Exception):
    """The other side broke the protocol; it cannot be understood any more."""


class MessageTooLargeError(Exception):
    """A message is over the protocol's limits and was not sent."""


class Message(NamedTuple):
    """A message as it came. The parts are views of one buffer that belongs to the message."""

    header: dict[str, Any]
    parts: list[memoryview]


class MessageDecoder:
    """
    Cuts a byte stream into messages. Bytes are written straight into the message they belong to: fill some of `buffer()`, then
    say `advance(count)`.
    """

    def __init__(self, max_header_bytes: int = MAX_HEADER_BYTES_FROM_SERVER) -> None:
        self._max_header_bytes = max_header_bytes
        self._begin_message()

    def buffer(self) -> memoryview:
        """Where the next bytes go; never empty, and never longer than what the message in hand lacks."""
        return self._target[self._filled :]

    def advance(self, count: int) -> Message | None:
        """Takes note that `count` bytes were written. Gives the message when these complete it. Raises ProtocolError."""
        self._filled += count
        if self._filled < len(self._target):
            return None
        if self._header_length == 0:
            self._begin_content()
            return None
        message = _parse(self._target, self._header_length)
        self._begin_message()
        return message

    def _begin_message(self) -> None:
        self._header_length = 0
        self._expect(_PREFIX.size)

    def _begin_content(self) -> None:
        header_length, body_length = _PREFIX.unpack(self._target)
        if header_length == 0 or header_length > self._max_header_bytes:
            raise ProtocolError(f"a message header of {header_length} bytes")
        if body_length > MAX_BODY_BYTES:
            raise ProtocolError(f"a message body of {body_length} bytes")
        self._header_length = header_length
        self._expect(header_length + body_length)

    def _expect(self, length: int) -> None:
        self._target = memoryview(bytearray(length))
        self._filled = 0


def _parse(content: memoryview, header_length: int) -> Message:
    # Broken UTF-8 becomes U+FFFD and a number like NaN is an error, as in the decoder of the other side.
    text = bytes(content[:header_length]).decode("utf-8", "replace")
    try:
        header = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise ProtocolError("a message header that is no JSON") from error
    if not isinstance(header, dict):
        raise ProtocolError("a message header that is no JSON object")
    return Message(header, _cut_parts(content[header_length:], header.get("parts", [])))


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _cut_parts(body: memoryview, lengths: Any) -> list[memoryview]:
    if not isinstance(lengths, list) or len(lengths) > MAX_PARTS:
        raise ProtocolError("a message with a bad list of parts")
    parts = []
    offset = 0
    for length in lengths:
        if type(length) is not int or length < 0 or offset + length > len(body):
            raise ProtocolError("a message with parts that do not fit its body")
        parts.append(body[offset : offset + length])
        offset += length
    if offset != len(body):
        raise ProtocolError("a message with more body than parts")
    return parts


def encode_message(
    header: Mapping[str, Any],
    parts: Sequence[BytesLike] = (),
    max_header_bytes: int = MAX_HEADER_BYTES_FROM_HOST,
) -> list[BytesLike]:
    """A message as the buffers to send one after the other; the parts are passed on as they are. Raises MessageTooLargeError."""
    lengths = [memoryview(part).nbytes for part in parts]
    content = {**header, "parts": lengths} if parts else header
    text = json.dumps(content, allow_nan=False, separators=(",", ":")).encode("ascii")
    body_length = sum(lengths)
    if len(text) > max_header_bytes:
        raise MessageTooLargeError(f"{len(text)} bytes of JSON in one message")
    if body_length > MAX_BODY_BYTES:
        raise MessageTooLargeError(f"{body_length} bytes of media in one message")
    if len(lengths) > MAX_PARTS:
        raise MessageTooLargeError(f"{len(lengths)} parts in one message")
    return [_PREFIX.pack(len(text), body_length) + text, *parts]


class Connection:
    """Messages over the server's pipe. Any thread may send, one thread receives."""

    def __init__(self, pipe: socket.socket) -> None:
        self._pipe = pipe
        self._decoder = MessageDecoder()
        self._sending = threading.Lock()
        self._sender: int | None = None
        self._deferred: deque[list[BytesLike]] = deque()

    def send(self, header: Mapping[str, Any], parts: Sequence[BytesLike] = ()) -> None:
        """
        Sends a message and returns when the pipe has taken it, so that the parts may change again. Without a server there is
        nobody to hear it, and the process is about to end: then it is dropped. Raises MessageTooLargeError, and then nothing was
        sent.
        """
        buffers = encode_message(header, parts)
        if self._sender == threading.get_ident():
            # An object was collected in the middle of a message, and what ends it has something to log.
            self._deferred.append(buffers)
            return
        with self._sending:
            self._sender = threading.get_ident()
            try:
                self._send_all(buffers)
                while self._deferred:
                    self._send_all(self._deferred.popleft())
            except OSError:
                pass
            finally:
                self._sender = None

    def send_last(self, header: Mapping[str, Any]) -> None:
        """Sends a short message before the end of the process, if that can be done soon."""
        buffers = encode_message(header)
        if not self._sending.acquire(timeout=_LAST_WORDS_SECONDS):
            return
        # The lock is kept: nothing may follow the last words.
        with suppress(OSError):
            self._pipe.sendmsg(buffers, [], socket.MSG_DONTWAIT)

    def receive(self) -> Message | None:
        """The next message, or None when the pipe is closed. Raises ProtocolError."""
        while True:
            try:
                count = self._pipe.recv_into(self._decoder.buffer())
            except OSError:
                return None
            if count == 0:
                return None
            message = self._decoder.advance(count)
            if message is not None:
                return message

    def _send_all(self, buffers: Sequence[BytesLike]) -> None:
        pending = deque(view for view in map(_as_bytes, buffers) if view.nbytes > 0)
        while pending:
            sent = self._pipe.sendmsg(list(islice(pending, _MAX_BUFFERS)))
            while pending and sent >= pending[0].nbytes:
                sent -= pending.popleft().nbytes
            if sent > 0:
                pending[0] = pending[0][sent:]


def _as_bytes(buffer: BytesLike) -> memoryview:
    view = memoryview(buffer)
    return view if view.format == "B" and view.ndim == 1 else view.cast("B")
