"""What pipelines print and log."""

from __future__ import annotations

import unittest

from .host_under_test import HostUnderTest
from .services import server_push


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


if __name__ == "__main__":
    unittest.main()
