"""Sessions of bidirectional pipelines: opening, chunks, messages and errors."""

from __future__ import annotations

import os
import time
import unittest

from .host_under_test import HostUnderTest, wait_until
from .services import bidirectional


class BidirectionalTest(unittest.TestCase):
    def test_a_conversation(self) -> None:
        pipeline = bidirectional(
            """
                def create_session(self, config):
                    self.queues = {'chosen': asyncio.Queue()}
                    print(config)
                    return 'chosen'
                def push_chunk(self, session_id, chunk):
                    self.queues[session_id].put_nowait(chunk)
                async def pull_chunks(self, session_id):
                    while True:
                        yield {'got': await self.queues[session_id].get()}
                def close_session(self, session_id): print('closed', session_id)
            """
        )
        with HostUnderTest(pipeline) as host:
            host.start()
            self.assertEqual(host.open(request={"prompt": "p"}), {"type": "opened", "run": 1, "session": "chosen"})
            host.wait_for_output("{'prompt': 'p', 'session_id': 's'}")
            host.pull(credit=10)
            messages = [{"type": "control", "key": "ArrowUp"}, None, "text", [1, 2.5]]
            for message in messages:
                host.push(message)
            host.send({"type": "push", "run": 1, "binary": True}, [b"bytes"])
            got = [host.next_of("chunk").header["metadata"]["got"] for _ in range(5)]
            self.assertEqual(got, [*messages, "[bytes of 5 bytes]"])
            host.close_run()
            self.assertIn("closed chosen", host.output)

    def test_every_method_may_be_a_coroutine(self) -> None:
        pipeline = bidirectional(
            """
                async def create_session(self, config):
                    await asyncio.sleep(0)
                    self.queue = asyncio.Queue()
                async def push_chunk(self, session_id, chunk): await self.queue.put(chunk)
                async def pull_chunks(self, session_id):
                    while True: yield {'got': await self.queue.get()}
                async def close_session(self, session_id):
                    await asyncio.sleep(0)
                    print('closed', session_id)
            """
        )
        with HostUnderTest(pipeline) as host:
            host.start()
            self.assertEqual(host.open()["session"], "s")
            host.push(1)
            self.assertEqual(host.chunk().header["metadata"], {"got": 1})
            host.close_run()
            self.assertEqual(host.output, "closed s\n")

    def test_camera_and_microphone(self) -> None:
        pipeline = bidirectional(
            """
                def create_session(self, config): self.queue = asyncio.Queue()
                def push_chunk(self, session_id, chunk): self.queue.put_nowait(chunk)
                async def pull_chunks(self, session_id):
                    while True: yield {'got': await self.queue.get()}
            """
        )
        with HostUnderTest(pipeline) as host:
            host.start()
            host.open()
            picture = {"kind": "raw", "format": "RGB24", "width": 2, "height": 1}
            host.send({"type": "media", "run": 1, "pictures": [picture]}, [bytes(range(6))])
            got = host.chunk().header["metadata"]["got"]
            frame = {"format": "RGB24", "width": 2, "height": 1, "data": "[bytes of 6 bytes]"}
            # Arrays where there is numpy.
            self.assertIn(
                got, ({"type": "media", "video_frames": [frame]}, {"type": "media", "video_frames": [[[[0, 1, 2], [3, 4, 5]]]]})
            )
            audio = {"sampleRate": 48_000, "channels": 2}
            host.send({"type": "media", "run": 1, "pictures": [], "audio": audio}, [bytes(8)])
            expected = {"type": "media", "audio_pcm": "[bytes of 8 bytes]", "sample_rate": 48_000, "channels": 2}
            self.assertEqual(host.chunk().header["metadata"]["got"], expected)

    def test_refusals(self) -> None:
        for body, kind, message in [
            ("raise ValueError('an image is required')", "refused", "an image is required"),
            ("open('/no/such/file')", "refused", "[Errno 2] No such file or directory: '/no/such/file'"),
            ("config['image']", "refused", "KeyError: 'image'"),
            ("raise RuntimeError('one session at a time')", "conflict", "one session at a time"),
            ("raise NotImplementedError", "conflict", "NotImplementedError"),
            ("sys.exit(1)", "refused", "the pipeline called sys.exit(1)"),
            ("return 3", "refused", "create_session returned int, not a session id"),
            ("return ''", "refused", "create_session returned a session id of 0 characters; 1 to 256 are allowed"),
            ("return 'x' * 257", "refused", "create_session returned a session id of 257 characters; 1 to 256 are allowed"),
        ]:
            for kind_of_method in ("def", "async def"):
                pipeline = bidirectional(f"{kind_of_method} create_session(self, config):\n    {body}")
                with self.subTest(body, method=kind_of_method), HostUnderTest(pipeline) as host:
                    host.start()
                    self.assertEqual(host.open(), {"type": "refused", "run": 1, "kind": kind, "message": message})
                    # Nothing is left of it, but a late close is answered.
                    host.close_run()

    def test_a_refusal_is_a_line_in_the_log_and_a_bug_has_its_traceback(self) -> None:
        for body, level, text in [
            ("raise RuntimeError('busy')", "warn", "create_session refused: busy"),
            ("raise NotImplementedError", "error", "create_session raised\nTraceback"),
            ("config['image']", "error", "create_session raised\nTraceback"),
        ]:
            with self.subTest(body), HostUnderTest(bidirectional(f"def create_session(self, config): {body}")) as host:
                host.start()
                host.open()
                logged = [m.header for m in host.received if m.header["type"] == "log" and m.header["level"] != "debug"]
                self.assertEqual([entry["level"] for entry in logged], [level])
                self.assertTrue(logged[0]["text"].startswith(text), logged)
                self.assertEqual("\n" in logged[0]["text"], level == "error")

    def test_a_plain_generator_may_wait_for_what_push_chunk_hands_it(self) -> None:
        pipeline = bidirectional(
            """
                def create_session(self, config): self.queue = queue.Queue()
                def push_chunk(self, session_id, chunk): self.queue.put(chunk)
                def pull_chunks(self, session_id):
                    import logging
                    while True:
                        print('waits', flush=True)
                        got = self.queue.get()
                        logging.warning('got %s', got)
                        yield {'got': got, 'thread': threading.get_ident()}
                def close_session(self, session_id): self.queue.put(None)
            """
        )
        with HostUnderTest(pipeline) as host:
            host.start()
            host.open()
            host.pull(credit=10)
            threads = set()
            for number in range(3):
                wait_until(lambda: host.output.count("waits") == number + 1, lambda: host.output)
                began = time.monotonic()
                host.push(number)
                metadata = host.next_of("chunk").header["metadata"]
                self.assertLess(time.monotonic() - began, 1)
                self.assertEqual(metadata["got"], number)
                threads.add(metadata["thread"])
            self.assertEqual(len(threads), 1)
            self.assertEqual(host.wait_for_log("root: got 0")["run"], 1)
            began = time.monotonic()
            host.close_run()
            self.assertLess(time.monotonic() - began, 2)
            wait_until(lambda: _threads(host) == 2, lambda: f"{_threads(host)} threads")
            self.assertEqual([m.header for m in host.received if "closed session" in m.header.get("text", "")], [])

    def test_what_a_plain_generator_raises_on_its_thread_is_told(self) -> None:
        for body in ("raise ValueError('no')", "sys.exit('bye')", "raise asyncio.CancelledError", "raise StopIteration"):
            pipeline = bidirectional(f"def pull_chunks(self, session_id):\n    yield {{}}\n    {body}")
            with self.subTest(body), HostUnderTest(pipeline) as host:
                host.start()
                host.open()
                host.pull(credit=2)
                host.next_of("failed")
                if "no" in body:
                    self.assertIn("in pull_chunks", host.wait_for_log("ValueError: no")["text"])
                wait_until(lambda: _threads(host) == 3, lambda: f"{_threads(host)} threads")
                host.close_run()
                wait_until(lambda: _threads(host) == 2, lambda: f"{_threads(host)} threads")

    def test_a_generator_that_blocks_the_session_is_named_once_when_messages_wait(self) -> None:
        pipeline = bidirectional(
            """
                def create_session(self, config): self.queue = queue.Queue()
                def push_chunk(self, session_id, chunk): self.queue.put(chunk)
                async def pull_chunks(self, session_id):
                    while True:
                        print('waits', flush=True)
                        yield {'got': self.queue.get()}
                def close_session(self, session_id): self.queue.put(None)
            """
        )
        with HostUnderTest(pipeline) as host:
            host.start()
            host.open()
            host.pull(credit=10)
            host.wait_for_output("waits")
            began = time.monotonic()
            host.push(1)
            entry = host.wait_for_log("push_chunk waits for pull_chunks, which has blocked for 2 s")
            self.assertGreater(time.monotonic() - began, 1.9)
            self.assertLess(time.monotonic() - began, 4)
            self.assertEqual((entry["level"], entry["run"]), ("warn", 1))
            host.push(2)
            time.sleep(2.5)
            host.close_run()
            self.assertEqual(len([m for m in host.received if "push_chunk waits" in m.header.get("text", "")]), 1)

    def test_messages_that_wait_for_something_else_are_not_blamed_on_the_generator(self) -> None:
        pipeline = bidirectional(
            """
                def push_chunk(self, session_id, chunk): time.sleep(2.6)
                async def pull_chunks(self, session_id):
                    await asyncio.sleep(60)
                    yield {}
            """
        )
        with HostUnderTest(pipeline) as host:
            host.start()
            host.open()
            host.pull()
            host.push(1)
            host.push(2)
            host.push(3)
            host.close_run(timeout_ms=10_000)
            self.assertEqual([m.header for m in host.received if m.header["type"] == "log"], [])

    def test_a_session_id_given_out_twice_is_a_conflict_until_it_is_closed(self) -> None:
        with HostUnderTest(bidirectional("def create_session(self, config): return 'same'")) as host:
            host.start()
            host.open(run=1)
            refused = host.open(run=2)
            self.assertEqual(
                (refused["kind"], refused["message"]), ("conflict", "the pipeline gave out the session id same a second time")
            )
            host.close_run(1)
            self.assertEqual(host.open(run=3)["type"], "opened")

    def test_push_chunk_runs_between_the_steps_of_a_generator_that_never_awaits(self) -> None:
        pipeline = bidirectional(
            """
                def create_session(self, config): self.key = None
                def push_chunk(self, session_id, chunk): self.key = chunk
                def pull_chunks(self, session_id):
                    while True:
                        time.sleep(0.002)
                        yield {'key': self.key}
            """
        )
        with HostUnderTest(pipeline) as host:
            host.start()
            host.open()
            host.pull(credit=1000)
            host.next_of("chunk")
            host.push("ArrowUp")
            for _ in range(20):
                if host.next_of("chunk").header["metadata"]["key"] == "ArrowUp":
                    break
            else:
                self.fail("the message did not arrive")
            host.close_run()

    def test_the_methods_of_a_session_run_on_one_thread_and_loop(self) -> None:
        pipeline = bidirectional(
            """
                def note(self): return [threading.get_ident(), id(asyncio.get_running_loop())]
                def create_session(self, config): self.notes = [self.note()]
                def push_chunk(self, session_id, chunk): self.notes.append(self.note())
                async def pull_chunks(self, session_id):
                    while len(self.notes) < 2: await asyncio.sleep(0)
                    yield {'notes': [str(note) for note in [*self.notes, self.note()]]}
            """
        )
        with HostUnderTest(pipeline) as host:
            host.start()
            host.open()
            host.push(1)
            notes = host.chunk().header["metadata"]["notes"]
            self.assertEqual(len(set(notes)), 1, notes)

    def test_what_push_chunk_raises_is_told(self) -> None:
        for method in ("def", "async def"):
            pipeline = bidirectional(f"{method} push_chunk(self, session_id, chunk): raise ValueError('no such key')")
            with self.subTest(method), HostUnderTest(pipeline) as host:
                host.start()
                host.open()
                host.push(1)
                self.assertEqual(host.next_of("push-error").header, {"type": "push-error", "run": 1, "message": "no such key"})
                self.assertEqual(host.wait_for_log("Traceback")["run"], 1)

    def test_what_push_chunk_raises_for_media_is_told_once_a_second(self) -> None:
        with HostUnderTest(bidirectional("def push_chunk(self, session_id, chunk): raise ValueError('no camera')")) as host:
            host.start()
            host.open()
            for _ in range(20):
                host.send({"type": "media", "run": 1, "pictures": [], "audio": {"sampleRate": 48_000, "channels": 1}}, [b"\0\0"])
            host.next_of("push-error")
            host.push("a control is not held back")
            host.next_of("push-error")
            host.close_run()
            self.assertEqual(len([m for m in host.received if m.header["type"] == "push-error"]), 2)

    def test_unfinished_pushes_have_a_limit(self) -> None:
        pipeline = bidirectional("async def push_chunk(self, session_id, chunk): await asyncio.sleep(60)")
        with HostUnderTest(pipeline) as host:
            host.start()
            host.open()
            for number in range(257):
                host.push(number)
            message = host.next_of("push-error").header["message"]
            self.assertEqual(message, "push_chunk is behind: 256 messages are being worked on")
            host.close_run()

    def test_unfinished_media_is_dropped_beyond_its_limit(self) -> None:
        pipeline = bidirectional(
            """
                async def push_chunk(self, session_id, chunk):
                    print('media')
                    await asyncio.sleep(60)
            """
        )
        with HostUnderTest(pipeline) as host:
            host.start()
            host.open()
            for _ in range(20):
                host.send({"type": "media", "run": 1, "pictures": [], "audio": {"sampleRate": 48_000, "channels": 1}}, [b"\0\0"])
            host.push("control")
            host.wait_for_output("media\n" * 9)
            host.close_run()
            self.assertEqual(host.output.count("media"), 9)


def _threads(host: HostUnderTest) -> int:
    return len(os.listdir(f"/proc/{host.process.pid}/task"))


if __name__ == "__main__":
    unittest.main()
