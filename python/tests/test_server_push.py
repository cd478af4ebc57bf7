"""Runs of server-push pipelines: chunks, credit and errors."""

from __future__ import annotations

import base64
import time
import unittest

from telefuser_host.protocol import MAX_HEADER_BYTES_FROM_HOST

from .host_under_test import HostUnderTest
from .services import indices, server_push


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


def _memory(host: HostUnderTest) -> int:
    with open(f"/proc/{host.process.pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1])


if __name__ == "__main__":
    unittest.main()
