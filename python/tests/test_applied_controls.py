"""Which chunk is said to reflect a control."""

from __future__ import annotations

import time
import unittest

from .host_under_test import HostUnderTest
from .services import bidirectional


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


if __name__ == "__main__":
    unittest.main()
