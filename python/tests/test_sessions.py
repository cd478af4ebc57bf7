"""Sessions: opening, chunks and credit, messages, errors and closing."""

from __future__ import annotations

import base64
import os
import textwrap
import time
import unittest
from typing import Any

from telefuser_host.protocol import MAX_HEADER_BYTES_FROM_HOST

from .host_under_test import HostUnderTest, wait_until


def server_push(method: str, rest: str = "") -> str:
    """A pipeline whose service has these methods; `rest` stands beside it."""
    return f"{_service(method)}\n{textwrap.dedent(rest)}\n\ndef get_service(): return Service()\n"


def bidirectional(methods: str) -> str:
    """A pipeline whose methods do nothing but what these say."""
    silent = """
        def create_session(self, config): pass
        def push_chunk(self, session_id, chunk): pass
        async def pull_chunks(self, session_id):
            if False: yield
        def close_session(self, session_id): pass
    """
    return f"{_service(silent)}\n{_method_lines(methods)}\n\ndef get_service(): return Service()\n"


def _service(methods: str) -> str:
    return f"import asyncio, queue, sys, threading, time\n\nclass Service:\n{_method_lines(methods)}"


def _method_lines(methods: str) -> str:
    return textwrap.indent(textwrap.dedent(methods), "    ")


def indices(host: HostUnderTest, run: int = 1) -> list[Any]:
    return [m.header["index"] for m in host.received if m.header["type"] == "chunk" and m.header["run"] == run]


class ServerPushTest(unittest.TestCase):
    def test_the_request_reaches_serve_and_its_chunks_the_server(self) -> None:
        jpeg = base64.b64encode(b"jpeg").decode()
        serve = f"async def serve(self, request):\n    yield {{'request': request, 'frames_b64': ['{jpeg}']}}"
        with HostUnderTest(server_push(serve)) as host:
            host.start()
            request = {"task": "t2v", "prompt": "ein Käfer", "config": {"steps": None}, "task_id": "s"}
            self.assertEqual(host.open(request=request), {"type": "opened", "run": 1, "session": "s"})
            chunk = host.chunk()
            self.assertEqual(chunk.header["metadata"], {"request": request})
            self.assertEqual([bytes(part) for part in chunk.parts], [b"jpeg"])
            host.pull()
            self.assertEqual(host.next_of("end").header, {"type": "end", "run": 1})

    def test_whatever_can_be_iterated_is_a_source(self) -> None:
        for serve in (
            """
                async def serve(self, request):
                    yield {'index': 1}
                    yield {'index': 2}
            """,
            """
                def serve(self, request):
                    yield {'index': 1}
                    yield {'index': 2}
            """,
            "def serve(self, request): return [{'index': 1}, {'index': 2}]",
            """
                async def serve(self, request):
                    await asyncio.sleep(0)
                    return ({'index': number} for number in (1, 2))
            """,
            """
                async def inner(self):
                    yield {'index': 1}
                    yield {'index': 2}
                async def serve(self, request): return self.inner()
            """,
        ):
            with self.subTest(serve), HostUnderTest(server_push(serve)) as host:
                host.start()
                host.open()
                host.pull(credit=5)
                host.next_of("end")
                self.assertEqual(indices(host), [1, 2])

    def test_what_cannot_be_iterated_fails(self) -> None:
        for serve, text in [
            ("def serve(self, request): pass", "the pipeline returned nothing, not something to iterate over"),
            ("def serve(self, request): return {'frames': []}", "the pipeline returned a dict"),
            ("async def serve(self, request): return 3", "the pipeline returned a int"),
        ]:
            with self.subTest(serve), HostUnderTest(server_push(serve)) as host:
                host.start()
                host.open()
                host.pull()
                self.assertIn(text, host.next_of("failed").header["message"])
                host.close_run()

    def test_a_generator_waits_at_its_yield_without_credit(self) -> None:
        for kind in ("async def", "def"):
            serve = f"""
                {kind} serve(self, request):
                    for number in range(100):
                        print('made', number)
                        yield {{'index': number}}
            """
            with self.subTest(kind), HostUnderTest(server_push(serve)) as host:
                host.start()
                host.open()
                # Nothing runs before there is credit.
                host.send({"type": "ping", "id": 1})
                host.next_of("pong")
                self.assertEqual(host.output, "")
                host.pull(credit=3)
                for _ in range(3):
                    host.next_of("chunk")
                host.send({"type": "ping", "id": 2})
                host.next_of("pong")
                self.assertEqual(host.output.splitlines(), ["made 0", "made 1", "made 2"])
                host.close_run()

    def test_a_buffer_may_be_filled_anew_after_the_yield(self) -> None:
        serve = """
            def serve(self, request):
                data = bytearray(3_000_000)
                for number in range(5):
                    data[:] = bytes([number]) * len(data)
                    yield {'frames': [data]}
        """
        with HostUnderTest(server_push(serve)) as host:
            host.start()
            host.open()
            host.pull(credit=5)
            for number in range(5):
                self.assertEqual(set(bytes(host.next_of("chunk").parts[0])), {number})

    def test_a_value_that_is_no_chunk_is_told_and_skipped(self) -> None:
        serve = f"""
            def serve(self, request):
                yield 3
                yield {{'frames_b64': ['?']}}
                yield {{'text': 'x' * {MAX_HEADER_BYTES_FROM_HOST}}}
                yield {{'index': 4}}
        """
        with HostUnderTest(server_push(serve)) as host:
            host.start()
            host.open()
            host.pull(credit=4)
            host.next_of("chunk")
            errors = [m.header["message"] for m in host.received if m.header["type"] == "chunk-error"]
            self.assertEqual(errors[:2], ["a chunk must be a dict, not int", "frames_b64[0] is not base64"])
            self.assertIn("bytes of JSON in one message", errors[2])

    def test_an_exception_is_told_in_a_line_and_logged_with_its_traceback(self) -> None:
        serve = """
            async def serve(self, request):
                yield {}
                await self.model()
            async def model(self):
                raise RuntimeError('CUDA out\\nof memory')
        """
        with HostUnderTest(server_push(serve)) as host:
            host.start()
            host.open(run=7)
            host.pull(run=7, credit=2)
            self.assertEqual(host.next_of("failed").header, {"type": "failed", "run": 7, "message": "CUDA out of memory"})
            entry = host.wait_for_log("Traceback")
            self.assertEqual((entry["level"], entry["run"]), ("error", 7))
            self.assertIn("in model\n    raise RuntimeError", entry["text"])
            self.assertNotIn("telefuser_host", entry["text"])
            host.close_run(run=7)

    def test_a_failure_that_cannot_be_told_ends_the_process(self) -> None:
        serve = """
            def serve(self, request):
                def without_memory(*arguments, **options): raise MemoryError
                sys.modules['json'].dumps = without_memory
                yield {}
        """
        with HostUnderTest(server_push(serve)) as host:
            host.start()
            host.open()
            host.pull()
            self.assertEqual(host.wait_for_exit(), 1)

    def test_sys_exit_ends_the_session_only(self) -> None:
        for body in ("sys.exit('bye')", "raise KeyboardInterrupt", "raise asyncio.CancelledError"):
            with (
                self.subTest(body),
                HostUnderTest(
                    server_push(f"""
                    async def serve(self, request):
                        yield {{}}
                        {body}
                """)
                ) as host,
            ):
                host.start()
                host.open()
                host.pull(credit=2)
                host.next_of("failed")
                host.close_run()
                host.open(run=2)
                host.chunk(run=2)

    def test_sessions_do_not_wait_for_one_that_blocks(self) -> None:
        serve = """
            def serve(self, request):
                for number in range(1000):
                    time.sleep(request['seconds'])
                    yield {'index': number}
        """
        with HostUnderTest(server_push(serve)) as host:
            host.start()
            host.open(run=1, request={"seconds": 30})
            host.open(run=2, request={"seconds": 0.001})
            host.pull(run=1)
            began = time.monotonic()
            host.pull(run=2, credit=100)
            for _ in range(100):
                self.assertEqual(host.next_of("chunk").header["run"], 2)
            self.assertLess(time.monotonic() - began, 5)


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


class ControlsTest(unittest.TestCase):
    def push(self, host: HostUnderTest, key: str) -> float:
        """Pushes a message with an id, and waits until the pipeline has it; gives the time before."""
        before = time.monotonic() * 1000
        host.send({"type": "push", "run": 1, "message": {"id": key}, "control": key})
        host.wait_for_output(f"pushed {key}")
        return before

    def test_the_first_chunk_names_a_control_whose_making_began_afterwards(self) -> None:
        # Whatever kind of generator and of push_chunk: while a step is under way, which here waits for its gate, a push is too late for it.
        for kind, wait in (("async def", "await asyncio.to_thread(self.gate.acquire)"), ("def", "self.gate.acquire()")):
            for push in ("def", "async def"):
                pipeline = bidirectional(f"""
                    gate = threading.Semaphore(0)
                    {push} push_chunk(self, session_id, chunk):
                        print('pushed', chunk['id'], flush=True) if 'id' in chunk else self.gate.release()
                    {kind} pull_chunks(self, session_id):
                        for number in range(100):
                            print('began', number, flush=True)
                            {wait}
                            yield {{'index': number}}
                """)
                with self.subTest(kind, push=push), HostUnderTest(pipeline) as host:
                    host.start()
                    host.open()
                    host.pull()
                    host.wait_for_output("began 0")
                    before = self.push(host, "a")
                    host.push({})
                    self.assertNotIn("applied", host.next_of("chunk").header)
                    host.push({})
                    header = host.chunk().header
                    [control] = header["applied"]
                    self.assertEqual(control["id"], "a")
                    self.assertLessEqual(before, control["pushedAtMs"] + 0.001)
                    self.assertLessEqual(control["pushedAtMs"], header["yieldedAtMs"])
                    self.assertLessEqual(header["yieldedAtMs"], time.monotonic() * 1000)
                    host.push({})
                    self.assertNotIn("applied", host.chunk().header)
                    host.close_run()

    def test_a_push_that_raises_is_never_named(self) -> None:
        pipeline = bidirectional("""
            def push_chunk(self, session_id, chunk): raise ValueError('no such key')
            def pull_chunks(self, session_id):
                while True: yield {}
        """)
        with HostUnderTest(pipeline) as host:
            host.start()
            host.open()
            host.send({"type": "push", "run": 1, "message": {}, "control": "a"})
            host.next_of("push-error")
            for _ in range(3):
                self.assertNotIn("applied", host.chunk().header)
            host.close_run()

    def test_a_pipeline_names_them_itself(self) -> None:
        pipeline = bidirectional("""
            waiting = []
            def push_chunk(self, session_id, chunk):
                self.waiting.append(chunk['id'])
                print('pushed', chunk['id'], flush=True)
            def pull_chunks(self, session_id):
                while True:
                    applied, self.waiting = self.waiting[:1], self.waiting[1:]
                    yield {'applied_controls': applied}
        """)
        with HostUnderTest(pipeline) as host:
            host.start()
            host.open()
            self.assertNotIn("applied", host.chunk().header)
            self.push(host, "a")
            self.push(host, "b")
            for key in ("a", "b"):
                header = host.chunk().header
                self.assertEqual([control["id"] for control in header["applied"]], [key])
                self.assertEqual(header["metadata"], {})
            self.assertNotIn("applied", host.chunk().header)
            host.close_run()

    def test_an_id_that_is_none_breaks_the_protocol(self) -> None:
        with HostUnderTest(bidirectional("")) as host:
            host.start()
            host.open()
            host.send({"type": "push", "run": 1, "message": {}, "control": ""})
            self.assertIn("control is no id", host.next_of("fatal").header["message"])


class CloseTest(unittest.TestCase):
    def test_a_generator_ends_at_its_yield(self) -> None:
        for kind in ("async def", "def"):
            serve = f"""
                {kind} serve(self, request):
                    try:
                        while True: yield {{}}
                    except GeneratorExit:
                        print('exit')
                        raise
                    finally:
                        print('clean')
            """
            with self.subTest(kind), HostUnderTest(server_push(serve)) as host:
                host.start()
                host.open()
                host.chunk()
                host.close_run()
                self.assertEqual(host.output.split(), ["exit", "clean"])

    def test_a_generator_ends_where_it_awaits(self) -> None:
        serve = """
            async def serve(self, request):
                print('waits')
                try:
                    await asyncio.sleep(60)
                    yield {}
                finally:
                    await asyncio.sleep(0.01)
                    print('clean')
        """
        with HostUnderTest(server_push(serve)) as host:
            host.start()
            host.open()
            host.pull()
            host.wait_for_output("waits")
            began = time.monotonic()
            host.close_run()
            self.assertLess(time.monotonic() - began, 1)
            self.assertEqual(host.output.split(), ["waits", "clean"])

    def test_an_iterator_is_closed_once(self) -> None:
        rest = """

            class Chunks:
                def __aiter__(self): return self
                async def __anext__(self):
                    print('next')
                    await asyncio.sleep(60)
                async def aclose(self): print('aclose')
        """
        with HostUnderTest(server_push("def serve(self, request): return Chunks()", rest)) as host:
            host.start()
            host.open()
            host.pull()
            host.wait_for_output("next")
            host.close_run()
            self.assertEqual(host.output.split(), ["next", "aclose"])

    def test_a_generator_that_never_ran_is_closed_as_well(self) -> None:
        with HostUnderTest(bidirectional("def close_session(self, session_id): print('closed')")) as host:
            host.start()
            host.open()
            host.close_run()
            self.assertEqual(host.output, "closed\n")

    def test_a_clean_up_that_raises_is_logged(self) -> None:
        serve = """
            def serve(self, request):
                try:
                    while True: yield {}
                finally:
                    raise OSError('disk')
        """
        with HostUnderTest(server_push(serve)) as host:
            host.start()
            host.open()
            host.chunk()
            host.close_run()
            self.assertIn("the generator's clean-up raised\nTraceback", host.wait_for_log("disk")["text"])

    def test_close_session_releases_a_generator_that_blocks(self) -> None:
        for method in ("def", "async def"):
            pipeline = bidirectional(
                f"""
                    def create_session(self, config): self.released = threading.Event()
                    def pull_chunks(self, session_id):
                        print('waits')
                        self.released.wait()
                        print('released')
                        yield {{}}
                    {method} close_session(self, session_id): self.released.set()
                """
            )
            with self.subTest(method), HostUnderTest(pipeline) as host:
                host.start()
                host.open()
                host.pull()
                host.wait_for_output("waits")
                began = time.monotonic()
                host.close_run()
                self.assertLess(time.monotonic() - began, 3)
                self.assertEqual(host.output.split(), ["waits", "released"])
                self.assertEqual([m for m in host.received if m.header["type"] == "log"], [])

    def test_close_session_waits_for_a_plain_generator_that_cleans_up(self) -> None:
        pipeline = bidirectional("""
            def pull_chunks(self, session_id):
                thread = threading.get_ident()
                try:
                    while True: yield {}
                finally:
                    time.sleep(0.6)
                    print('clean', threading.get_ident() == thread)
            def close_session(self, session_id): print('closed')
        """)
        with HostUnderTest(pipeline) as host:
            host.start()
            host.open()
            host.chunk()
            host.close_run()
            self.assertEqual(host.output.splitlines(), ["clean True", "closed"])
            wait_until(lambda: _threads(host) == 2, lambda: f"{_threads(host)} threads")

    def test_what_a_released_plain_generator_raises_is_logged(self) -> None:
        pipeline = bidirectional("""
            def create_session(self, config): self.released = threading.Event()
            def pull_chunks(self, session_id):
                print('waits')
                self.released.wait()
                raise OSError('gone')
                yield {}
            def close_session(self, session_id): self.released.set()
        """)
        with HostUnderTest(pipeline) as host:
            host.start()
            host.open()
            host.pull()
            host.wait_for_output("waits")
            host.close_run()
            self.assertEqual(host.wait_for_log("the generator's clean-up raised\nTraceback")["run"], 1)

    def test_a_plain_generator_that_does_not_end_is_left_behind_and_closed_later(self) -> None:
        pipeline = bidirectional("""
            def pull_chunks(self, session_id):
                try:
                    print('blocks', flush=True)
                    time.sleep(5)
                    yield {}
                finally: print('clean', flush=True)
        """)
        with HostUnderTest(pipeline) as host:
            host.start()
            host.open()
            host.pull()
            host.wait_for_output("blocks")
            began = time.monotonic()
            host.close_run(timeout_ms=400)
            self.assertLess(time.monotonic() - began, 1)
            host.wait_for_log("the generator did not end in time")
            host.wait_for_log("1 such threads are left behind")
            host.wait_for_output("clean")
            wait_until(lambda: _threads(host) == 2, lambda: f"{_threads(host)} threads")

    def test_a_plain_generator_without_end_is_interrupted(self) -> None:
        pipeline = bidirectional("""
            def pull_chunks(self, session_id):
                print('loops', flush=True)
                while True: sum(range(1000))
                yield {}
        """)
        with HostUnderTest(pipeline) as host:
            host.start()
            host.open()
            host.pull()
            host.wait_for_output("loops")
            host.close_run(timeout_ms=400)
            host.wait_for_log("had to be interrupted")
            wait_until(lambda: _threads(host) == 2, lambda: f"{_threads(host)} threads")
            self.assertEqual([m.header for m in host.received if "Traceback" in m.header.get("text", "")], [])

    def test_close_session_waits_for_a_generator_that_cleans_up(self) -> None:
        pipeline = bidirectional("""
            async def pull_chunks(self, session_id):
                print('waits')
                try:
                    await asyncio.sleep(60)
                    yield {}
                finally:
                    await asyncio.to_thread(self.close_session, session_id)
            def close_session(self, session_id):
                print('begins')
                time.sleep(0.6)
                print('ends')
        """)
        with HostUnderTest(pipeline) as host:
            host.start()
            host.open()
            host.pull()
            host.wait_for_output("waits")
            host.close_run()
            self.assertEqual(host.output.split(), ["waits", "begins", "ends", "begins", "ends"])

    def test_close_session_may_wait_for_a_worker_that_needs_the_loop(self) -> None:
        pipeline = bidirectional(
            """
                def create_session(self, config):
                    self.queue, self.loop, self.active = asyncio.Queue(1), asyncio.get_running_loop(), True
                    self.worker = threading.Thread(target=self.work)
                    self.worker.start()
                def work(self):
                    while self.active:
                        asyncio.run_coroutine_threadsafe(asyncio.sleep(0.01), self.loop).result()
                        self.loop.call_soon_threadsafe(self.put)
                def put(self):
                    if not self.queue.full(): self.queue.put_nowait({})
                async def pull_chunks(self, session_id):
                    while True: yield await self.queue.get()
                def close_session(self, session_id):
                    self.active = False
                    self.worker.join()
                    print('joined')
            """
        )
        with HostUnderTest(pipeline) as host:
            host.start()
            host.open()
            host.chunk()
            began = time.monotonic()
            host.close_run()
            self.assertLess(time.monotonic() - began, 2)
            self.assertEqual(host.output, "joined\n")

    def test_what_does_not_end_is_left_behind_in_time(self) -> None:
        serve = """
            def serve(self, request):
                yield {}
                print('blocks')
                time.sleep(30)
        """
        with HostUnderTest(server_push(serve)) as host:
            host.start()
            host.open()
            host.pull(credit=2)
            host.wait_for_output("blocks")
            began = time.monotonic()
            host.close_run(timeout_ms=400)
            self.assertLess(time.monotonic() - began, 1)
            self.assertEqual(host.wait_for_log("the generator did not end in time")["level"], "warn")
            host.wait_for_log("1 such threads are left behind")
            # The others go on.
            host.open(run=2)
            host.chunk(run=2)

    def test_a_loop_without_end_is_interrupted(self) -> None:
        serve = """
            def serve(self, request):
                yield {}
                print('loops')
                while True:
                    try:
                        sum(range(1000))
                    except Exception:
                        pass
        """
        with HostUnderTest(server_push(serve)) as host:
            host.start()
            threads = _threads(host)
            host.open()
            host.pull(credit=2)
            host.wait_for_output("loops")
            host.close_run(timeout_ms=400)
            host.wait_for_log("had to be interrupted")
            wait_until(lambda: _threads(host) <= threads, lambda: f"{_threads(host)} threads, {threads} before")

    def test_a_close_session_that_hangs_is_left_behind_in_time(self) -> None:
        with HostUnderTest(bidirectional("def close_session(self, session_id): time.sleep(30)")) as host:
            host.start()
            host.open()
            began = time.monotonic()
            host.close_run(timeout_ms=400)
            self.assertLess(time.monotonic() - began, 1)
            host.wait_for_log("close_session did not finish in time")
            host.wait_for_log("1 such threads are left behind")

    def test_a_coroutine_that_does_not_end_leaves_no_thread(self) -> None:
        serve = """
            async def serve(self, request):
                yield {}
                print('blocks')
                while True:
                    try:
                        await asyncio.sleep(30)
                    except asyncio.CancelledError: pass
        """
        with HostUnderTest(server_push(serve)) as host:
            host.start()
            host.open()
            host.pull(credit=2)
            host.wait_for_output("blocks")
            host.close_run(timeout_ms=400)
            host.wait_for_log("the generator did not end in time")
            wait_until(lambda: _threads(host) == 2, lambda: f"{_threads(host)} threads")

    def test_too_many_left_behind_end_the_process(self) -> None:
        serve = """
            def serve(self, request):
                yield {}
                print('blocks', flush=True)
                time.sleep(60)
        """
        with HostUnderTest(server_push(serve)) as host:
            host.start()
            for run in range(1, 18):
                host.open(run=run, session=str(run))
                host.pull(run=run, credit=2)
            wait_until(lambda: host.output.count("blocks") == 17, lambda: host.output)
            for run in range(1, 18):
                host.send({"type": "close", "run": run, "timeoutMs": 100})
            self.assertIn("the pipeline blocks 17 threads of closed sessions", host.next_of("fatal").header["message"])
            self.assertEqual(host.wait_for_exit(), 1)

    def test_a_session_that_is_created_too_late_is_closed_again(self) -> None:
        pipeline = bidirectional(
            "def create_session(self, config): time.sleep(1)\ndef close_session(self, session_id): print('closed', session_id)"
        )
        with HostUnderTest(pipeline) as host:
            host.start()
            host.send({"type": "open", "run": 1, "session": "s", "request": {}})
            host.close_run(timeout_ms=100)
            host.wait_for_log("create_session did not return in time")
            host.wait_for_output("closed s")
            self.assertEqual([m for m in host.received if m.header["type"] == "opened"], [])

    def test_a_close_of_a_run_that_is_not_there_is_answered(self) -> None:
        with HostUnderTest(bidirectional("")) as host:
            host.start()
            host.close_run(run=5)

    def test_sessions_leave_nothing_behind(self) -> None:
        for pull_chunks in (
            """
                async def pull_chunks(self, session_id):
                    await asyncio.to_thread(time.sleep, 0)
                    while True:
                        yield {'frames': [bytes(100_000)]}
                        await asyncio.sleep(0.001)
            """,
            """
                def pull_chunks(self, session_id):
                    while True:
                        yield {'frames': [bytes(100_000)]}
                        time.sleep(0.001)
            """,
        ):
            with self.subTest(pull_chunks):
                self.leave_nothing_behind(bidirectional(pull_chunks))

    def leave_nothing_behind(self, pipeline: str) -> None:
        with HostUnderTest(pipeline) as host:
            host.start()

            def cycle(count: int, first: int) -> None:
                for run in range(first, first + count):
                    host.open(run=run, session=f"s{run}")
                    host.chunk(run=run)
                    host.close_run(run=run)
                wait_until(lambda: _threads(host) == 2, lambda: f"{_threads(host)} threads")

            cycle(20, 1)
            host.received.clear()
            files, memory = _files(host), _memory(host)
            cycle(300, 100)
            wait_until(lambda: _files(host) == files, lambda: f"{_files(host)} files, {files} before")
            self.assertLess(_memory(host), memory * 1.15)


class LogTest(unittest.TestCase):
    def test_print_and_logging_reach_the_server(self) -> None:
        serve = """
            async def serve(self, request):
                import logging
                print('printed')
                logging.getLogger('world').info('warm')
                logging.debug('quiet')
                await asyncio.to_thread(logging.warning, 'from a worker')
                try: 1 / 0
                except ZeroDivisionError: logging.exception('sum')
                yield {}
        """
        with HostUnderTest(server_push(serve)) as host:
            host.start()
            host.open(run=3)
            host.chunk(run=3)
            entries = [
                (m.header["level"], m.header.get("run"), m.header["text"]) for m in host.received if m.header["type"] == "log"
            ]
            self.assertEqual(entries[:2], [("info", 3, "world: warm"), ("warn", 3, "root: from a worker")])
            self.assertEqual(entries[2][:2], ("error", 3))
            self.assertIn("root: sum\nTraceback", entries[2][2])
            self.assertEqual(len(entries), 3)
            self.assertEqual(host.output, "printed\n")

    def test_a_pipeline_that_configures_logging_has_its_way(self) -> None:
        pipeline = """
            import logging
            logging.basicConfig(format='mine: %(message)s')
            logging.warning('hello')
        """
        with HostUnderTest(server_push("def serve(self, request): return []", pipeline)) as host:
            host.start()
            self.assertEqual(host.output, "mine: hello\n")
            self.assertEqual([m for m in host.received if m.header["type"] == "log"], [])

    def test_a_level_may_be_wished_for(self) -> None:
        pipeline = """
            import logging
            logging.basicConfig(level=logging.DEBUG)
            logging.debug('hello')
        """
        with HostUnderTest(server_push("def serve(self, request): return []", pipeline)) as host:
            host.start()
            self.assertEqual(host.wait_for_log("hello")["level"], "debug")
            self.assertEqual(host.output, "")

    def test_what_nobody_catches_is_logged(self) -> None:
        serve = """
            async def serve(self, request):
                threading.Thread(target=lambda: 1 / 0, name='worker').start()
                asyncio.create_task(self.forgotten())
                asyncio.get_running_loop().call_soon(lambda: {}['callback'])
                await asyncio.sleep(0.01)
                yield {}
            async def forgotten(self): sys.exit('task')
        """
        with HostUnderTest(server_push(serve)) as host:
            host.start()
            host.open(run=3)
            host.pull(run=3)
            self.assertIn(
                "an error nobody caught in the thread worker\nTraceback", host.wait_for_log("ZeroDivisionError")["text"]
            )
            self.assertEqual(host.wait_for_log("KeyError: 'callback'")["run"], 3)
            self.assertEqual(host.wait_for_log("SystemExit: task")["run"], 3)
            host.close_run(run=3)

    def test_a_flood_is_thinned_and_a_long_entry_shortened(self) -> None:
        serve = """
            def serve(self, request):
                import logging
                logging.info('x' * 10_000)
                for number in range(2000): logging.info(number)
                time.sleep(1.1)
                logging.info('later')
                yield {}
        """
        with HostUnderTest(server_push(serve)) as host:
            host.start()
            host.open()
            host.chunk()
            texts = [m.header["text"] for m in host.received if m.header["type"] == "log"]
            self.assertLessEqual(len(texts[0]), 4000)
            self.assertLess(len(texts), 900)
            self.assertIn("more log entries were left out)", texts[-2])
            self.assertEqual(texts[-1], "root: later")


def _threads(host: HostUnderTest) -> int:
    return len(os.listdir(f"/proc/{host.process.pid}/task"))


def _files(host: HostUnderTest) -> int:
    return len(os.listdir(f"/proc/{host.process.pid}/fd"))


def _memory(host: HostUnderTest) -> int:
    with open(f"/proc/{host.process.pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1])


if __name__ == "__main__":
    unittest.main()
