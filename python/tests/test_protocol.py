"""The codec against the recorded vectors, which the server's tests read as well."""

from __future__ import annotations

import json
import socket
import threading
import unittest
from pathlib import Path
from typing import Any

from telefuser_host.protocol import (
    MAX_BODY_BYTES,
    MAX_HEADER_BYTES_FROM_HOST,
    MAX_HEADER_BYTES_FROM_SERVER,
    MAX_PARTS,
    Connection,
    Message,
    MessageDecoder,
    MessageTooLargeError,
    ProtocolError,
    encode_message,
)

_VECTORS = Path(__file__).resolve().parents[2] / "test" / "vectors" / "host-protocol.json"


def _max_header_bytes(side: str) -> int:
    return MAX_HEADER_BYTES_FROM_HOST if side == "host" else MAX_HEADER_BYTES_FROM_SERVER


def _decode(data: bytes, piece_length: int, max_header_bytes: int) -> list[Message]:
    decoder = MessageDecoder(max_header_bytes)
    messages = []
    for start in range(0, len(data), piece_length):
        piece = data[start : start + piece_length]
        while piece:
            target = decoder.buffer()
            count = min(len(target), len(piece))
            target[:count] = piece[:count]
            piece = piece[count:]
            message = decoder.advance(count)
            if message is not None:
                messages.append(message)
    return messages


def _plain(message: Message) -> dict[str, Any]:
    return {"header": message.header, "parts": [bytes(part).hex() for part in message.parts]}


@unittest.skipUnless(_VECTORS.exists(), "the recorded vectors are in the server's repository only")
class VectorsTest(unittest.TestCase):
    def setUp(self) -> None:
        self.vectors = json.loads(_VECTORS.read_text(encoding="utf-8"))

    def test_messages_are_read_in_pieces_of_any_size(self) -> None:
        for vector in self.vectors["messages"]:
            data = bytes.fromhex(vector["hex"])
            for piece_length in (1, 7, len(data)):
                with self.subTest(vector["name"], piece_length=piece_length):
                    [message] = _decode(data, piece_length, _max_header_bytes(vector["from"]))
                    self.assertEqual(_plain(message), {"header": vector["header"], "parts": vector["parts"]})

    def test_messages_follow_one_another(self) -> None:
        vectors = [vector for vector in self.vectors["messages"] if vector["from"] == "server"]
        data = b"".join(bytes.fromhex(vector["hex"]) for vector in vectors)
        for piece_length in (1, 100, len(data)):
            messages = _decode(data, piece_length, MAX_HEADER_BYTES_FROM_SERVER)
            self.assertEqual([message.header for message in messages], [vector["header"] for vector in vectors])

    def test_messages_are_written_so_that_they_read_the_same(self) -> None:
        for vector in self.vectors["messages"]:
            with self.subTest(vector["name"]):
                fields = {name: value for name, value in vector["header"].items() if name != "parts"}
                parts = [bytes.fromhex(part) for part in vector["parts"]]
                data = b"".join(encode_message(fields, parts, _max_header_bytes(vector["from"])))
                [message] = _decode(data, len(data), _max_header_bytes(vector["from"]))
                self.assertEqual(_plain(message), {"header": vector["header"], "parts": vector["parts"]})
                if vector["from"] == "host" and "Node" not in vector["name"]:
                    self.assertEqual(data.hex(), vector["hex"])

    def test_malformed_messages_are_refused(self) -> None:
        for vector in self.vectors["malformed"]:
            data = bytes.fromhex(vector["hex"])
            for piece_length in (1, len(data)):
                with self.subTest(vector["name"], side=vector["from"]):
                    with self.assertRaises(ProtocolError) as raised:
                        _decode(data, piece_length, _max_header_bytes(vector["from"]))
                    self.assertEqual(str(raised.exception), vector["error"])


class EncodeTest(unittest.TestCase):
    def test_limits(self) -> None:
        text = "x" * MAX_HEADER_BYTES_FROM_HOST
        with self.assertRaisesRegex(MessageTooLargeError, "bytes of JSON"):
            encode_message({"text": text})
        with self.assertRaisesRegex(MessageTooLargeError, "4097 parts"):
            encode_message({}, [b""] * (MAX_PARTS + 1))
        # A view of 64 MiB, six times.
        part = memoryview(bytearray(MAX_BODY_BYTES // 5))
        encode_message({}, [part] * 5)
        with self.assertRaisesRegex(MessageTooLargeError, "bytes of media"):
            encode_message({}, [part] * 6)

    def test_a_deep_header_is_a_protocol_error(self) -> None:
        text = b"[" * 100_000
        data = len(text).to_bytes(4, "little") + bytes(4) + text
        with self.assertRaises(ProtocolError):
            _decode(data, len(data), MAX_HEADER_BYTES_FROM_SERVER)


class ConnectionTest(unittest.TestCase):
    def setUp(self) -> None:
        ours, theirs = socket.socketpair()
        self.addCleanup(ours.close)
        self.addCleanup(theirs.close)
        self.ours, self.theirs = ours, theirs

    def test_large_parts_and_many_parts_arrive_whole(self) -> None:
        sender, receiver = Connection(self.ours), Connection(self.theirs)
        parts = [bytes([number % 256]) * (number % 3) for number in range(MAX_PARTS - 1)] + [bytes(20_000_000)]
        thread = threading.Thread(target=sender.send, args=({"type": "x"}, parts))
        thread.start()
        message = receiver.receive()
        thread.join(10)
        assert message is not None
        self.assertEqual([bytes(part) for part in message.parts], parts)

    def test_messages_of_many_threads_are_not_mixed(self) -> None:
        sender, receiver = Connection(self.ours), Connection(self.theirs)

        def send(number: int) -> None:
            for _ in range(20):
                sender.send({"number": number}, [bytes([number]) * 300_000])

        threads = [threading.Thread(target=send, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for _ in range(80):
            message = receiver.receive()
            assert message is not None
            self.assertEqual(bytes(message.parts[0]), bytes([message.header["number"]]) * 300_000)
        for thread in threads:
            thread.join(10)

    def test_a_message_that_is_said_while_another_is_sent_follows_it(self) -> None:
        sender, receiver = Connection(self.ours), Connection(self.theirs)

        class Pipe:
            """Says something in the middle of a message, as an object does that is collected then."""

            def __init__(self, pipe: socket.socket) -> None:
                self.pipe, self.said = pipe, False

            def sendmsg(self, buffers: list[memoryview]) -> int:
                sent = self.pipe.sendmsg([buffers[0][:3]])
                if not self.said:
                    self.said = True
                    sender.send({"type": "log"})
                return sent

        sender._pipe = Pipe(self.ours)  # type: ignore[assignment]
        sender.send({"type": "chunk"}, [b"part"])
        messages = [receiver.receive() for _ in range(2)]
        self.assertEqual([message.header["type"] for message in messages if message is not None], ["chunk", "log"])

    def test_the_end_of_the_pipe_is_no_error(self) -> None:
        connection = Connection(self.ours)
        self.theirs.close()
        self.assertIsNone(connection.receive())
        connection.send({"type": "log"}, [bytes(1_000_000)])


if __name__ == "__main__":
    unittest.main()
