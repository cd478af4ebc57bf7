"""From the first word to the last: loading, starting and stopping a pipeline."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import unittest
from typing import Any

from .host_under_test import HOST_FOLDER, HostUnderTest, wait_until

SERVE = """
class Service:
    async def serve(self, request):
        yield {"type": "chunk"}

"""


class StartTest(unittest.TestCase):
    def start(self, pipeline: str, **arguments: Any) -> dict[str, Any]:
        with HostUnderTest(pipeline) as host:
            return host.start(**arguments)

    def fails(self, pipeline: str, kind: str, *texts: str, **arguments: Any) -> dict[str, Any]:
        with HostUnderTest(pipeline) as host:
            answer = host.start(**arguments)
            self.assertEqual((answer["type"], answer.get("kind")), ("start-failed", kind), answer)
            for text in texts:
                self.assertIn(text, answer["message"])
            self.assertEqual(host.wait_for_exit(), 1)
            return answer

    def test_hello_says_protocol_and_runtime(self) -> None:
        with HostUnderTest("") as host:
            runtime = "python " + ".".join(map(str, sys.version_info[:3]))
            self.assertEqual(host.expect("hello").header, {"type": "hello", "protocol": 1, "runtime": runtime})

    def test_a_file_as_the_server_we_are_compatible_with_runs_it(self) -> None:
        self.assertEqual(self.start(SERVE + "def get_service(): return Service()"), {"type": "ready", "mode": "server_push"})

    def test_what_a_service_says_of_itself(self) -> None:
        pipeline = """
            class Service:
                default_fps = 16.0
                max_sessions = 1
                delivery = "latest"
                def start(self): self.queue_ms = 250.5
                def create_session(self, config): ...
                def push_chunk(self, session_id, chunk): ...
                async def pull_chunks(self, session_id): yield {}
                def close_session(self, session_id): ...
                def serve(self, request): ...
            def get_service(): return Service()
        """
        ready = {"mode": "bidirectional", "defaultFps": 16, "maxSessions": 1, "delivery": "latest", "queueMs": 250.5}
        self.assertEqual(self.start(pipeline), {"type": "ready", **ready})

    def test_attributes_are_checked(self) -> None:
        for line, text in [
            ("default_fps = 0", "the service's default_fps must be a number from 1 to 240"),
            ("default_fps = '24'", "the service's default_fps must be"),
            ("default_fps = float('nan')", "the service's default_fps must be"),
            ("max_sessions = 1.5", "the service's max_sessions must be a whole number from 1 to 1000"),
            ("max_sessions = True", "the service's max_sessions must be"),
            ("delivery = ['latest']", "the service's delivery must be 'lossless' or 'latest'"),
            ("queue_ms = 60_001", "the service's queue_ms must be a number from 0 to 60000"),
            ("default_fps = property(lambda self: 1 // 0)", "the service's default_fps raised: ZeroDivisionError"),
        ]:
            with self.subTest(line):
                pipeline = f"class Service:\n    {line}\n    def serve(self, request): ...\ndef get_service(): return Service()"
                self.fails(pipeline, "start-failed", text)

    def test_what_a_service_declares_is_handed_on_as_json(self) -> None:
        pipeline = """
            import collections
            class Service:
                about = {"name": "Welt", "default_prompt": "ein Hafen", "controls": ("arrows",)}
                def start(self): self.config_schema = collections.OrderedDict(type="object", properties={"steps": {"maximum": 50}})
                def serve(self, request): ...
            def get_service(): return Service()
        """
        declared = {
            "about": {"name": "Welt", "default_prompt": "ein Hafen", "controls": ["arrows"]},
            "configSchema": {"type": "object", "properties": {"steps": {"maximum": 50}}},
        }
        self.assertEqual(self.start(pipeline), {"type": "ready", "mode": "server_push", **declared})

    def test_a_declaration_that_json_cannot_hold_stops_the_start(self) -> None:
        for line, text in [
            ("about = 'a world'", "the service's about must be a dict"),
            ("config_schema = {'minimum': float('nan')}", "the service's config_schema cannot be written as JSON: "),
            ("config_schema = {'default': object()}", "the service's config_schema cannot be written as JSON: "),
            ("config_schema = {}; config_schema['items'] = config_schema", "the service's config_schema cannot be written as JSON: "),
            ("about = {'description': 'é' * 40_000}", "the service's about is 80019 bytes long as JSON; 65536 are allowed"),
            ("about = property(lambda self: 1 // 0)", "the service's about raised: ZeroDivisionError"),
        ]:
            with self.subTest(line):
                pipeline = f"class Service:\n    {line}\n    def serve(self, request): ...\ndef get_service(): return Service()"
                self.fails(pipeline, "start-failed", text)

    def test_how_far_the_start_has_got_is_told_where_it_is_taken(self) -> None:
        pipeline = """
            import threading, time
            class Service:
                def start(self, report_progress):
                    report_progress(0.25, "Loading the text encoder")
                    thread = threading.Thread(target=lambda: [report_progress(0.5 + step / 2000) for step in range(1001)])
                    thread.start()
                    thread.join()
                    time.sleep(0.3)
                def serve(self, request): ...
            def get_service(gpu_num=1, *, report_progress):
                report_progress(message="Importing")
                return Service()
        """
        with HostUnderTest(pipeline) as host:
            self.assertEqual(host.start()["type"], "ready")
            told = [message.header for message in host.received if message.header["type"] == "progress"]
            self.assertEqual(told[0], {"type": "progress", "text": "Importing"})
            self.assertEqual(told[-1], {"type": "progress", "fraction": 1.0})
            self.assertLess(len(told), 20)

    def test_a_start_never_fails_because_of_a_word_about_it(self) -> None:
        pipeline = """
            class Service:
                def start(self, report_progress):
                    self.report = report_progress
                    for fraction in (7, -1, None, "half", float("nan"), float("inf"), True, object()):
                        report_progress(fraction, fraction)
                def serve(self, request):
                    self.report(0.1, "too late")
                    yield {}
            def get_service(): return Service()
        """
        with HostUnderTest(pipeline) as host:
            self.assertEqual(host.start()["type"], "ready")
            host.open()
            host.chunk()
            told = [message.header for message in host.received if message.header["type"] == "progress"]
            self.assertEqual(told[0], {"type": "progress", "fraction": 1.0})
            self.assertNotIn("too late", str(told))

    def test_the_operator_cannot_give_what_the_host_gives(self) -> None:
        pipeline = SERVE + "def get_service(report_progress=None): return Service()"
        self.fails(pipeline, "start-failed", "-o report_progress cannot be given", options={"report_progress": "x"})

    def test_gpu_num_is_passed_where_it_is_taken(self) -> None:
        for signature in ("gpu_num", "gpu_num=1", "*, gpu_num", "**rest"):
            body = "assert (rest if 'rest' in locals() else locals())['gpu_num'] == 3; return Service()"
            with self.subTest(signature):
                self.assertEqual(self.start(f"{SERVE}def get_service({signature}): {body}", gpu_num=3)["type"], "ready")
        self.assertEqual(self.start(SERVE + "get_service = Service", gpu_num=3)["type"], "ready")

    def test_options_reach_what_takes_them(self) -> None:
        for signature, check in [
            ("model, steps='8'", "(model, steps) == ('14b', '4')"),
            ("gpu_num, **rest", "rest == {'model': '14b', 'steps': '4'}"),
            ("options", "options == {'model': '14b', 'steps': '4'}"),
            ("model='', options=None", "model == '14b' and options == {'model': '14b', 'steps': '4'}"),
        ]:
            with self.subTest(signature):
                pipeline = f"{SERVE}def get_service({signature}):\n    assert {check}\n    return Service()"
                self.assertEqual(self.start(pipeline, options={"model": "14b", "steps": "4"})["type"], "ready")

    def test_an_option_nobody_takes_is_named(self) -> None:
        pipeline = SERVE + "def get_service(gpu_num=1, model=''): return Service()"
        self.fails(
            pipeline, "start-failed", "get_service() takes no option modle; its options are: model", options={"modle": "x"}
        )
        self.fails(SERVE + "def get_service(): return Service()", "start-failed", "its options are: none", options={"a": "x"})
        self.fails(pipeline, "start-failed", "-o gpu_num cannot be given: it is the number of GPUs, say --gpu-num instead", options={"gpu_num": "2"})

    def test_what_cannot_be_loaded(self) -> None:
        for pipeline, text in [
            ("def get_service(:", "invalid syntax"),
            ("import no_such_module", "No module named 'no_such_module'; install it for "),
            ("x = 1\nx / 0", "ZeroDivisionError: division by zero"),
            ("import sys\nsys.exit(3)", "the pipeline called sys.exit(3)"),
            ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ]:
            with self.subTest(text):
                answer = self.fails(pipeline, "load-failed", "the pipeline cannot be loaded: ", text, "pipeline.py:")
                self.assertIn("pipeline.py", answer["stack"])
                self.assertNotIn("telefuser_host", answer["stack"])

    def test_the_place_of_an_error_is_the_pipelines_own(self) -> None:
        call = "json.loads('{')"
        start = f"""
import json
{SERVE}
    def start(self):
        {call}
def get_service(): return Service()
"""
        line = start.splitlines().index(f"        {call}") + 1
        self.assertRegex(self.fails(start, "start-failed", "start() raised: ")["message"], rf"/pipeline\.py:{line}\)$")
        for pipeline, kind in [
            (f"import json\n{call}", "load-failed"),
            (f"import json\ndef get_service(): {call}", "start-failed"),
            ("import ast\nast.literal_eval('(')", "load-failed"),
        ]:
            with self.subTest(pipeline):
                self.assertRegex(self.fails(pipeline, kind)["message"], r"/pipeline\.py:2\)$")

    def test_a_virtual_environment_in_the_folder_is_not_the_pipelines_own(self) -> None:
        with HostUnderTest("import sys\nsys.path.append(sys.argv[0][:-11] + 'site-packages')\nimport library") as host:
            (host.folder / "site-packages").mkdir()
            (host.folder / "site-packages" / "library.py").write_text("1 / 0\n")
            self.assertRegex(host.start()["message"], r"/pipeline\.py:3\)$")

    def test_a_file_that_is_not_there(self) -> None:
        with HostUnderTest("") as host:
            host.file.unlink()
            self.assertEqual(host.start()["kind"], "not-found")

    def test_a_file_that_is_no_service(self) -> None:
        self.fails("def serve(): ...", "no-get-service", "no get_service function, only serve")
        self.fails("", "no-get-service", "only nothing")
        self.fails("def get_service(): return None", "neither-protocol", "get_service() returned None")
        self.fails(
            "def get_service(): return 3", "neither-protocol", "the service has neither serve (server push) nor create_session"
        )
        half = """
            class Service:
                def create_session(self, config): ...
                def pull_chunks(self, session_id): ...
            def get_service(): return Service()
        """
        self.fails(half, "neither-protocol", "the service is bidirectional in part: it lacks push_chunk, close_session")

    def test_a_start_that_raises(self) -> None:
        for body, text in [
            ("raise RuntimeError('no GPU')", "start() raised: no GPU"),
            ("sys.exit('no model')", "start() raised: the pipeline called sys.exit(no model)"),
            ("raise ValueError('first\\nsecond')", "start() raised: first second ("),
        ]:
            pipeline = f"import sys\n{SERVE}    def start(self): {body}\ndef get_service(): return Service()"
            self.fails(pipeline, "start-failed", text)
        self.fails("def get_service(): raise KeyError('x')", "start-failed", "get_service() raised: KeyError: 'x'")

    def test_coroutines_are_awaited(self) -> None:
        pipeline = f"""
import asyncio
{SERVE}
    async def start(self):
        await asyncio.sleep(0)
        print("started")
        self.task = asyncio.create_task(self.tick())
    async def tick(self):
        await asyncio.sleep(0.05)
        print("ticked")
    async def stop(self):
        await self.task
        print("stopped")
async def get_service(): return Service()
"""
        with HostUnderTest(pipeline) as host:
            self.assertEqual(host.start()["type"], "ready")
            host.wait_for_output("ticked")
            host.send({"type": "stop", "timeoutMs": 5000})
            host.next_of("stopped")
            self.assertEqual(host.wait_for_exit(), 0)
            self.assertEqual(host.output.split(), ["started", "ticked", "stopped"])

    def test_start_may_run_a_loop_of_its_own(self) -> None:
        pipeline = (
            f"import asyncio\n{SERVE}    def start(self): asyncio.run(asyncio.sleep(0))\ndef get_service(): return Service()"
        )
        self.assertEqual(self.start(pipeline)["type"], "ready")

    def test_neighbours_of_the_file_can_be_imported_and_ours_cannot(self) -> None:
        pipeline = f"""
import sys, importlib.util, dataclasses
from helpers_of_it import answer
assert answer == 42
assert sys.path[-1] == {{folder!r}}, sys.path
assert sys.argv == [__file__], sys.argv
for name in ("protocol", "chunks", "tests", "log"):
    assert importlib.util.find_spec(name) is None, name
{SERVE}
@dataclasses.dataclass
class Config:
    value: "int" = 1
assert sys.modules[Config.__module__].Config is Config
def get_service(): return Service()
"""
        with HostUnderTest("") as host:
            host.file.write_text(pipeline.replace("{folder!r}", repr(str(host.folder))))
            (host.folder / "helpers_of_it.py").write_text("answer = 42")
            answer = host.start()
            self.assertEqual(answer["type"], "ready", answer)

    def test_a_package_may_import_relatively(self) -> None:
        with HostUnderTest("from .inner import Service\ndef get_service(): return Service()", name="__init__.py") as host:
            (host.folder / "inner.py").write_text(SERVE)
            self.assertEqual(host.start()["type"], "ready")

    def test_pings_are_answered_while_start_blocks(self) -> None:
        pipeline = f"import time\n{SERVE}    def start(self): time.sleep(60)\ndef get_service(): return Service()"
        with HostUnderTest(pipeline) as host:
            host.expect("hello")
            host.send({"type": "start", "file": str(host.file), "gpuNum": 1, "options": {}})
            host.send({"type": "ping", "id": 7})
            self.assertEqual(host.expect("pong").header, {"type": "pong", "id": 7})
            host.send({"type": "stop", "timeoutMs": 60_000})
            host.expect("stopped")
            self.assertEqual(host.wait_for_exit(), 0)

    def test_the_end_of_the_pipe_ends_a_process_that_blocks(self) -> None:
        pipeline = f"import time\n{SERVE}    def start(self): time.sleep(60)\ndef get_service(): return Service()"
        with HostUnderTest(pipeline) as host:
            host.expect("hello")
            host.send({"type": "start", "file": str(host.file), "gpuNum": 1, "options": {}})
            host.pipe.close()
            self.assertEqual(host.wait_for_exit(), 0)

    def test_signals_of_a_terminal_are_not_for_it(self) -> None:
        with HostUnderTest(SERVE + "def get_service(): return Service()") as host:
            host.start()
            host.process.send_signal(signal.SIGINT)
            host.process.send_signal(signal.SIGTERM)
            host.send({"type": "ping", "id": 1})
            host.expect("pong")
            self.assertIsNone(host.process.poll())

    def test_what_the_server_may_not_say_ends_it(self) -> None:
        for header in (
            {"type": "ping"},
            {"type": "open", "run": 1},
            {"type": "pull", "run": "1"},
            {"type": "stop", "timeoutMs": -1},
        ):
            with self.subTest(header), HostUnderTest(SERVE + "def get_service(): return Service()") as host:
                host.start()
                host.send(header)
                self.assertIn("the server broke the host protocol", host.next_of("fatal").header["message"])
                self.assertEqual(host.wait_for_exit(), 1)

    def test_types_of_a_later_version_are_ignored(self) -> None:
        with HostUnderTest(SERVE + "def get_service(): return Service()") as host:
            host.start()
            host.send({"type": "telepathy"})
            host.send({"type": "ping", "id": 1})
            host.expect("pong")

    def test_without_a_pipe_it_says_who_starts_it(self) -> None:
        for arguments in ([str(HOST_FOLDER), "null"], ["-m", "telefuser_host", "null"]):
            done = subprocess.run(
                [sys.executable, "-B", *arguments], cwd=HOST_FOLDER.parent, stderr=subprocess.PIPE, text=True, timeout=20
            )
            self.assertEqual(done.returncode, 64)
            self.assertIn("started by the stream server", done.stderr)

    def test_a_policy_that_cannot_be_applied_stops_the_start(self) -> None:
        # The field is there and means nothing: what a newer or broken server might say.
        with HostUnderTest("", policy=json.dumps({"required": True, "seccomp": "!"})) as host:
            answer = host.expect("start-failed").header
            self.assertEqual(answer["kind"], "sandbox")
            self.assertEqual(host.wait_for_exit(), 1)
        with HostUnderTest("", policy="{") as host:
            self.assertEqual(host.wait_for_exit(), 64)


class StopTest(unittest.TestCase):
    def test_runs_and_service_are_ended_in_order(self) -> None:
        pipeline = """
            import asyncio, atexit
            atexit.register(print, "at exit")
            class Service:
                def stop(self): print("stop")
                async def serve(self, request):
                    try:
                        yield {}
                        await asyncio.sleep(60)
                    finally:
                        print("generator ended")
            def get_service(): return Service()
        """
        with HostUnderTest(pipeline) as host:
            host.start()
            host.open()
            host.chunk()
            host.pull()
            host.send({"type": "stop", "timeoutMs": 5000})
            host.next_of("stopped")
            self.assertEqual(host.wait_for_exit(), 0)
            self.assertEqual(host.output.splitlines(), ["generator ended", "stop", "at exit"])

    def test_a_stop_that_raises_is_logged(self) -> None:
        with HostUnderTest(SERVE + "    def stop(self): raise OSError('disk')\ndef get_service(): return Service()") as host:
            host.start()
            host.send({"type": "stop", "timeoutMs": 5000})
            host.next_of("stopped")
            self.assertIn("stop() raised\nTraceback", host.wait_for_log("disk")["text"])
            self.assertEqual(host.wait_for_exit(), 0)

    def test_a_stop_that_hangs_has_its_time(self) -> None:
        with HostUnderTest(
            f"import time\n{SERVE}    def stop(self): time.sleep(60)\ndef get_service(): return Service()"
        ) as host:
            host.start()
            began = time.monotonic()
            host.send({"type": "stop", "timeoutMs": 300})
            host.next_of("stopped")
            self.assertEqual(host.wait_for_exit(), 0)
            self.assertLess(time.monotonic() - began, 2)
            host.wait_for_log("stop() did not finish in time")

    def test_a_forked_worker_is_ended_and_lets_go_of_the_pipe(self) -> None:
        pipeline = f"""
import logging, multiprocessing, os, time
{SERVE}
    def start(self):
        self.worker = multiprocessing.get_context("fork").Process(target=self.work, daemon=True)
        self.worker.start()
        print("worker", self.worker.pid, flush=True)
    def work(self):
        logging.warning("from the worker")
        time.sleep(60)
def get_service(): return Service()
"""
        with HostUnderTest(pipeline) as host:
            host.start()
            worker = int(host.output.split("worker ")[1].split()[0])
            host.wait_for_output("root: from the worker")
            pipe = _file_of(host.process.pid, 3)
            wait_until(lambda: _file_of(worker, 3) != pipe, lambda: "the worker holds the pipe")
            host.send({"type": "stop", "timeoutMs": 5000})
            host.next_of("stopped")
            self.assertEqual(host.wait_for_exit(), 0)
            self.assertFalse(os.path.exists(f"/proc/{worker}"))


def _file_of(pid: int, descriptor: int) -> str:
    try:
        return os.readlink(f"/proc/{pid}/fd/{descriptor}")
    except FileNotFoundError:
        return ""


if __name__ == "__main__":
    unittest.main()
