"""The end of runs and sessions, however they end, and what is left of them."""

from __future__ import annotations

import os
import time
import unittest

from .host_under_test import HostUnderTest, wait_until
from .services import bidirectional, server_push


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


def _threads(host: HostUnderTest) -> int:
    return len(os.listdir(f"/proc/{host.process.pid}/task"))


def _files(host: HostUnderTest) -> int:
    return len(os.listdir(f"/proc/{host.process.pid}/fd"))


def _memory(host: HostUnderTest) -> int:
    with open(f"/proc/{host.process.pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1])


if __name__ == "__main__":
    unittest.main()
