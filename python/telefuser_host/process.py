"""The process as a whole: from the sandbox to the last word."""

from __future__ import annotations

import asyncio
import atexit
import faulthandler
import inspect
import json
import os
import platform
import queue
import signal
import socket
import sys
import threading
from typing import Any, Callable, NoReturn, Sequence

from . import sandbox
from .errors import format_traceback, one_line
from .host_state import HostState
from .loader import LoadedService, LoadError, describe_service, load_service
from .log import HostLog, install_log_handler
from .protocol import PROTOCOL_FD, PROTOCOL_VERSION, Connection, Message, ProtocolError
from .service_host import ServiceHost, read_number, read_timeout
from .start_report import StartReport

_MAX_MESSAGE = 4000
_MAX_STACK = 16_000
#: What the functions registered with `atexit` may take after `stop()`.
_AT_EXIT_SECONDS = 1.0
#: A pipeline that computes in Python lets other threads run only so often: controls and heartbeats shall not wait for the usual 5
#: ms.
_SWITCH_INTERVAL_SECONDS = 0.001

_USAGE_EXIT_CODE = 64


def main(arguments: Sequence[str]) -> NoReturn:
    """Runs the process; never returns."""
    pipe = _open_pipe()
    connection = Connection(pipe)
    log = HostLog(connection)
    _ignore_signals()
    os.register_at_fork(after_in_child=lambda: _forget_parent(pipe, log))
    faulthandler.enable()
    # Before there is any thread, and before anything of the pipeline is read: the policy holds for this thread and its children.
    warnings = _apply_policy(connection, arguments)
    HostProcess(connection, log).run(warnings)


class HostProcess:
    """
    Three kinds of threads: the main thread loads, starts and stops the service, because CUDA, signal handlers and some libraries
    want that; one thread reads the pipe, answers heartbeats and takes orders whatever the pipeline is doing; and each session has
    its own.
    """

    def __init__(self, connection: Connection, log: HostLog) -> None:
        self._connection = connection
        self._log = log
        self._orders: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._host: ServiceHost | None = None
        self._loop = asyncio.new_event_loop()
        self._stop_asked: asyncio.Future[float] = self._loop.create_future()
        self._loop.set_exception_handler(self._report_uncaught)
        asyncio.set_event_loop(self._loop)

    def run(self, warnings: Sequence[str]) -> NoReturn:
        """The main thread's work. `warnings` are the sandbox's."""
        sys.setswitchinterval(_SWITCH_INTERVAL_SECONDS)
        threading.excepthook = self._report_thread
        install_log_handler(self._log)
        self._connection.send({"type": "hello", "protocol": PROTOCOL_VERSION, "runtime": f"python {platform.python_version()}"})
        for warning in warnings:
            self._log.say("warn", warning)
        try:
            threading.Thread(target=self._read, name="pipe", daemon=True).start()
            loaded = self._load(self._orders.get())
            # Meanwhile tasks that start() has made go on.
            self._stop_service(loaded, self._loop.run_until_complete(self._stop_asked))
        except BaseException as error:
            # SystemExit in a task of start()'s comes out here as well.
            self._die(one_line(error), format_traceback(error))

    def _load(self, start: dict[str, Any]) -> LoadedService:
        report = StartReport(self._connection.send)
        try:
            loaded = load_service(start["file"], start["gpuNum"], start["options"], self._loop.run_until_complete, report.say)
            ready = describe_service(loaded)
            report.end()
        except LoadError as error:
            self._last_words({"type": "start-failed", "kind": error.kind, "message": str(error)}, error.traceback)
            os._exit(1)
        self._host = ServiceHost(HostState(loaded, self._connection, self._log, self._die, self._call_later))
        self._connection.send(ready)
        return loaded

    def _stop_service(self, loaded: LoadedService, timeout: float) -> NoReturn:
        """Ends runs and service, bounded by the timeout whatever the pipeline does, and then the process."""
        assert self._host is not None
        deadline = _after(timeout, self._stop_took_too_long)
        self._host.close_all(timeout / 2)
        stop = getattr(loaded.service, "stop", None)
        try:
            result = stop() if callable(stop) else None
            if inspect.isawaitable(result):
                self._loop.run_until_complete(result)
        except BaseException as error:
            self._log.exception("stop() raised", error)
        deadline.cancel()
        _after(_AT_EXIT_SECONDS, self._say_stopped)
        # Worker processes of `multiprocessing` are ended there. The rest of Python's own end would wait for threads that never
        # end.
        atexit._run_exitfuncs()
        self._say_stopped()

    def _stop_took_too_long(self) -> None:
        self._log.say("warn", "stop() did not finish in time")
        self._say_stopped()

    def _say_stopped(self) -> NoReturn:
        self._connection.send_last({"type": "stopped"})
        os._exit(0)

    # On the thread that reads the pipe.

    def _read(self) -> NoReturn:
        try:
            while True:
                message = self._connection.receive()
                if message is None:
                    # Without a server there is nobody to work for: end at once, whatever the pipeline is doing.
                    os._exit(0)
                self._take(message)
        except ProtocolError as error:
            self._die(f"the server broke the host protocol: {error}")
        except BaseException as error:
            self._die(one_line(error), format_traceback(error))

    def _take(self, message: Message) -> None:
        header = message.header
        kind = header.get("type")
        if kind == "ping":
            self._connection.send({"type": "pong", "id": read_number(header, "id", 0)})
        elif kind == "start":
            self._orders.put(_check_start(header))
        elif kind == "stop":
            timeout = read_timeout(header)
            if self._host is None:
                # It may be deep in loading a model, and there is nothing to put in order yet.
                self._say_stopped()
            self._loop.call_soon_threadsafe(self._ask_to_stop, timeout)
        elif self._host is not None:
            self._host.handle(message)

    def _ask_to_stop(self, timeout: float) -> None:
        if not self._stop_asked.done():
            self._stop_asked.set_result(timeout)

    # On any thread.

    def _call_later(self, seconds: float, function: Callable[[], None]) -> None:
        self._loop.call_soon_threadsafe(self._loop.call_later, seconds, function)

    def _die(self, message: str, stack: str | None = None) -> NoReturn:
        try:
            self._last_words({"type": "fatal", "message": message}, stack)
        finally:
            # Whether there is memory for words or not.
            os._exit(1)

    def _last_words(self, header: dict[str, Any], stack: str | None) -> None:
        header = {**header, "message": header["message"][:_MAX_MESSAGE]}
        self._connection.send_last(header if stack is None else {**header, "stack": stack[-_MAX_STACK:]})

    def _report_thread(self, details: threading.ExceptHookArgs) -> None:
        if details.exc_value is not None and not isinstance(details.exc_value, SystemExit):
            name = "a thread" if details.thread is None else f"the thread {details.thread.name}"
            self._log.exception(f"an error nobody caught in {name}", details.exc_value)

    def _report_uncaught(self, _loop: asyncio.AbstractEventLoop, details: dict[str, Any]) -> None:
        what = str(details.get("message", "an error nobody caught"))
        error = details.get("exception")
        if isinstance(error, BaseException):
            self._log.exception(what, error)
        else:
            self._log.say("error", what)


def _open_pipe() -> socket.socket:
    try:
        pipe = socket.socket(fileno=PROTOCOL_FD)
    except OSError:
        _exit_with_usage("This program is started by the stream server, which gives it a pipe to talk over.")
    pipe.set_inheritable(False)
    pipe.setblocking(True)
    return pipe


def _apply_policy(connection: Connection, arguments: Sequence[str]) -> list[str]:
    try:
        policy = json.loads(arguments[0])
    except (IndexError, ValueError):
        _exit_with_usage("The first argument is the kernel policy as JSON, or null.")
    try:
        return sandbox.apply(policy)
    except Exception as error:
        stack = None if isinstance(error, sandbox.SandboxError) else {"stack": format_traceback(error)[-_MAX_STACK:]}
        connection.send_last({"type": "start-failed", "kind": "sandbox", "message": one_line(error), **(stack or {})})
        os._exit(1)


def _exit_with_usage(sentence: str) -> NoReturn:
    print(sentence, file=sys.stderr, flush=True)
    os._exit(_USAGE_EXIT_CODE)


def _check_start(header: dict[str, Any]) -> dict[str, Any]:
    file, options = header.get("file"), header.get("options")
    if not isinstance(file, str) or not isinstance(options, dict):
        raise ProtocolError("a start without file or options")
    read_number(header, "gpuNum", 1)
    return header


def _ignore_signals() -> None:
    # The server owns this process's life: a Ctrl-C in the terminal reaches the whole process group, and the pipeline must not be
    # gone before the server has ended its sessions. A handler and not SIG_IGN, which programs that a pipeline starts would
    # inherit.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: None)


def _forget_parent(pipe: socket.socket, log: HostLog) -> None:
    """In a forked worker process: it has its own life, and no business on the pipe."""
    log.leave_server()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    pipe.close()


def _after(seconds: float, function: Callable[[], None]) -> threading.Timer:
    timer = threading.Timer(max(0.0, seconds), function)
    timer.daemon = True
    timer.start()
    return timer
