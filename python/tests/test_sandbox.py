"""Each restriction in a forked process of its own, which applies a policy and then tries what the policy forbids."""

from __future__ import annotations

import ctypes
import fcntl
import json
import mmap
import os
import platform
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path
from typing import Any, Callable
from unittest import mock

from telefuser_host import sandbox

ROOT = Path(__file__).resolve().parents[2]
MACHINES = {"x86_64": "x64", "aarch64": "arm64"}
SECCOMP = json.loads((ROOT / "test/vectors/seccomp.json").read_text())[MACHINES.get(platform.machine(), "x64")]
LIBRARIES = ["/lib", "/lib64", "/usr/lib", "/usr/local/lib", "/etc/ld.so.cache", "/proc/self", sys.prefix, sys.base_prefix]

libc = ctypes.CDLL(None, use_errno=True)


def in_child(policy: dict[str, Any] | None, action: Callable[[], Any]) -> str:
    """What the action returns, or the error it meets, in a process under the policy."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        # Where the server's pipe is: descriptors above it are closed.
        writing = os.dup2(writing, 3)
        try:
            problems = sandbox.apply(policy)
            text = f"problems {problems}" if problems else repr(action())
        except BaseException as error:
            text = f"{type(error).__name__} {getattr(error, 'errno', None) or error}"
        os.write(writing, text.encode()[:4000])
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    return text


def system_call(number: int, *arguments: int) -> int:
    if libc.syscall(number, *(ctypes.c_long(argument) for argument in arguments)) == -1:
        raise OSError(ctypes.get_errno(), "system call")
    return 0


def parent_death_signal() -> int:
    pr_get_pdeathsig = 2
    found = ctypes.c_int()
    libc.prctl(pr_get_pdeathsig, ctypes.byref(found))
    return found.value


def forget_parent() -> None:
    pr_set_pdeathsig = 1
    if libc.prctl(pr_set_pdeathsig, ctypes.c_ulong(0)) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


DENIED = "PermissionError 13"
FORBIDDEN = "PermissionError 1"


@unittest.skipUnless(sys.platform == "linux", "Landlock and seccomp are Linux's")
class SandboxTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        # Taken, so that nothing a test opens lies where its child has the pipe.
        self.addCleanup(os.close, os.open(os.devnull, os.O_RDONLY))
        for name in ("open", "scratch", "closed"):
            (self.root / name).mkdir()
        for name in ("open/file", "closed/file"):
            (self.root / name).write_text("text")
        os.symlink(self.root / "closed/file", self.root / "open/link")
        self.policy: dict[str, Any] = {
            "required": True,
            "readable": [*LIBRARIES, str(self.root / "open"), "/does/not/exist"],
            "listable": [],
            "writable": [str(self.root / "scratch")],
            "executable": [],
            "devices": ["/dev/null", "/dev/urandom"],
            "seccomp": SECCOMP,
            "limits": {"core": 0, "nofile": 256},
        }

    def expect(self, action: Callable[[], Any], outcome: str) -> None:
        self.assertEqual(in_child(self.policy, action), outcome)

    def test_reads_what_is_open_and_nothing_else(self) -> None:
        self.expect((self.root / "open/file").read_text, "'text'")
        self.expect(lambda: sorted(os.listdir(self.root / "open")), "['file', 'link']")
        self.expect((self.root / "closed/file").read_text, DENIED)
        self.expect((self.root / "open/link").read_text, DENIED)
        self.expect(lambda: os.listdir(self.root), DENIED)
        self.expect(lambda: open("/etc/passwd").read(), DENIED)

    def test_lists_without_reading_where_only_that_is_open(self) -> None:
        self.policy["listable"] = [str(self.root / "closed")]
        self.expect(lambda: os.listdir(self.root / "closed"), "['file']")
        self.expect((self.root / "closed/file").read_text, DENIED)

    def test_writes_in_the_scratch_folder_only(self) -> None:
        scratch = self.root / "scratch"
        self.expect(lambda: (scratch / "new").write_text("text"), "4")
        self.expect(lambda: (scratch / "folder").mkdir(), "None")
        self.expect(lambda: os.rename(scratch / "new", scratch / "renamed"), "None")
        for folder in ("open", "closed"):
            file = self.root / folder / "file"
            self.expect(lambda file=file: file.write_text(""), DENIED)
            self.expect(file.unlink, DENIED)
            self.expect(lambda file=file: os.rename(file, file.with_name("other")), DENIED)
            self.expect(lambda file=file: os.symlink("/", file.with_name("other")), DENIED)
            self.expect(lambda file=file: os.mkdir(file.with_name("other")), DENIED)
        self.assertEqual((self.root / "closed/file").read_text(), "text")

    def test_changes_no_properties_of_files(self) -> None:
        file = self.root / "open/file"
        before = file.stat()
        for action in (
            lambda: os.chmod(file, 0o777),
            lambda: os.fchmod(os.open(file, os.O_RDONLY), 0o777),
            lambda: os.chown(file, os.getuid(), os.getgid()),
            lambda: os.utime(file, (1, 1)),
            lambda: os.truncate(file, 0),
            lambda: os.setxattr(file, "user.name", b"value"),
        ):
            self.expect(action, FORBIDDEN)
        after = file.stat()
        self.assertEqual((after.st_mode, after.st_mtime, after.st_size), (before.st_mode, before.st_mtime, before.st_size))

    def test_uses_the_devices_that_are_open(self) -> None:
        self.expect(lambda: len(os.read(os.open("/dev/urandom", os.O_RDONLY), 8)), "8")
        self.expect(lambda: os.write(os.open("/dev/null", os.O_WRONLY), b"text"), "4")
        self.expect(lambda: os.open("/dev/full", os.O_WRONLY), DENIED)

    def test_has_no_network(self) -> None:
        for family in (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX, socket.AF_NETLINK):
            self.expect(lambda family=family: socket.socket(family, socket.SOCK_DGRAM), DENIED)
        self.expect(lambda: socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM), DENIED)

    def test_does_not_use_sockets_it_inherited_to_reach_out(self) -> None:
        with socket.socket() as listener, socket.socket() as client:
            listener.bind(("127.0.0.1", 0))
            listener.listen()
            with mock.patch.object(sandbox, "_close_inherited"):
                self.expect(lambda: client.connect(listener.getsockname()), DENIED)
                self.expect(listener.accept, DENIED)
                self.expect(lambda: client.bind(("127.0.0.1", 0)), DENIED)

    def test_keeps_no_descriptor_that_it_inherited(self) -> None:
        with open(self.root / "closed/file") as file:
            high = os.dup2(file.fileno(), 200)
            self.addCleanup(os.close, high)
            for policy in (self.policy, None):
                for descriptor in (file.fileno(), high):
                    outcome = in_child(policy, lambda descriptor=descriptor: os.pread(descriptor, 4, 0))
                    self.assertEqual(outcome, "OSError 9")
            with mock.patch.object(os, "listdir", side_effect=FileNotFoundError):
                self.expect(lambda: os.pread(high, 4, 0), "OSError 9")

    def test_starts_no_process(self) -> None:
        for action in (
            os.fork,
            lambda: subprocess.run(["/bin/true"], check=True),
            lambda: os.posix_spawn("/bin/true", ["true"], {}),
            lambda: os.execv("/bin/true", ["true"]),
        ):
            self.expect(action, FORBIDDEN)
        self.expect(lambda: os.waitstatus_to_exitcode(os.system("true")), "127")

    def test_signals_nobody_but_itself(self) -> None:
        parent = os.getpid()
        for pid in (parent, 0, -1, -os.getpgrp()):
            self.expect(lambda pid=pid: os.kill(pid, 0), FORBIDDEN)
        self.expect(lambda: os.kill(os.getpid(), 0), "None")
        self.expect(lambda: signal.pthread_kill(threading.get_ident(), 0), "None")
        self.expect(lambda: fcntl.fcntl(0, fcntl.F_SETOWN, parent), FORBIDDEN)

    def test_steers_no_other_process(self) -> None:
        parent = os.getpid()
        for action in (
            lambda: resource.prlimit(parent, resource.RLIMIT_NOFILE, (10, 10)),
            lambda: os.setpriority(os.PRIO_PROCESS, parent, 5),
            lambda: os.setpriority(os.PRIO_USER, 0, 5),
            lambda: os.sched_setaffinity(parent, {0}),
        ):
            self.expect(action, FORBIDDEN)
        self.expect(lambda: os.setpriority(os.PRIO_PROCESS, 0, 19), "None")

    def test_looks_into_no_other_process(self) -> None:
        parent = os.getpid()
        for name in ("environ", "mem", "maps"):
            self.expect(lambda name=name: open(f"/proc/{parent}/{name}", "rb"), DENIED)
        self.expect(lambda: os.readlink(f"/proc/{parent}/cwd"), DENIED)

    @unittest.skipUnless(platform.machine() == "x86_64", "numbers of x86-64")
    def test_has_no_doors_into_the_kernel(self) -> None:
        ptrace, process_vm_readv, io_uring_setup, shmget, bpf, of_the_future = 101, 310, 425, 29, 321, 4000
        for number in (ptrace, process_vm_readv, shmget, bpf):
            self.expect(lambda number=number: system_call(number, 0, os.getpid()), FORBIDDEN)
        for number in (io_uring_setup, of_the_future):
            self.expect(lambda number=number: system_call(number, 8, 0), "OSError 38")

    def test_goes_on_with_threads_and_asyncio(self) -> None:
        def work() -> int:
            import asyncio

            results: list[int] = []
            threads = [threading.Thread(target=results.append, args=(number,)) for number in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

            async def main() -> int:
                await asyncio.get_running_loop().run_in_executor(None, results.append, 8)
                return len(results)

            return asyncio.run(main())

        self.expect(work, "9")

    def test_drops_capabilities_and_limits_resources(self) -> None:
        def state() -> dict[str, str]:
            lines = dict(line.split(":\t") for line in Path("/proc/self/status").read_text().splitlines() if ":\t" in line)
            return {name: lines[name] for name in ("CapEff", "CapBnd", "NoNewPrivs", "Seccomp")}

        bounding = "0" * 16 if os.geteuid() == 0 else mock.ANY
        found = eval(in_child(self.policy, state))
        self.assertEqual(found, {"CapEff": "0" * 16, "CapBnd": bounding, "NoNewPrivs": "1", "Seccomp": "2"})
        self.expect(lambda: resource.getrlimit(resource.RLIMIT_NOFILE), "(256, 256)")
        raise_again = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (512, 512))
        self.expect(raise_again, "ValueError not allowed to raise maximum limit")

    def test_memory_over_the_limit_is_a_memory_error(self) -> None:
        self.policy["limits"]["data"] = 1 << 30
        self.expect(lambda: len(bytearray(8 << 30)), "MemoryError ")
        self.expect(lambda: len(bytearray(1 << 20)), str(1 << 20))

    def test_refuses_what_it_cannot_enforce_when_all_is_required(self) -> None:
        self.policy["seccomp"] = None
        outcome = in_child(self.policy, lambda: None)
        self.assertRegex(outcome, "SandboxError the level strict cannot be held: network .* no filter .*--security-level standard")

    def test_applies_the_rest_when_not_all_is_required(self) -> None:
        partial = {**self.policy, "required": False, "seccomp": None}

        def problems_and_outcome() -> str:
            problems = sandbox.apply(partial)
            try:
                return open("/etc/passwd").read()
            except PermissionError:
                return "; ".join(problems)

        self.assertRegex(in_child(None, problems_and_outcome), "no filter of system calls")

    def test_says_that_the_kernel_has_no_landlock(self) -> None:
        with mock.patch.object(sandbox, "_system_call", return_value=-1):
            outcome = in_child(self.policy, lambda: None)
        self.assertRegex(outcome, "SandboxError the level strict cannot be held: files stay open .* no Landlock")

    def test_needs_linux(self) -> None:
        with mock.patch.object(sys, "platform", "darwin"):
            self.assertRegex(in_child(self.policy, lambda: None), "SandboxError .* which darwin does not have")

    def test_no_policy_restricts_nothing(self) -> None:
        self.assertEqual(in_child(None, lambda: (self.root / "closed/file").read_text()), "'text'")

    def test_dies_with_the_server_whatever_the_policy(self) -> None:
        for policy in (self.policy, None):
            self.assertEqual(in_child(policy, parent_death_signal), str(int(signal.SIGKILL)))
        self.expect(lambda: forget_parent() or parent_death_signal(), FORBIDDEN)

    @unittest.skipUnless(platform.machine() == "x86_64", "numbers of x86-64")
    def test_has_no_memory_that_counts_for_no_process(self) -> None:
        memfd_create, memfd_secret, vmsplice = 319, 447, 278
        self.expect(lambda: os.memfd_create("name"), FORBIDDEN)
        for number in (memfd_create, memfd_secret, vmsplice):
            self.expect(lambda number=number: system_call(number, 0, 0), FORBIDDEN)
        self.expect(lambda: mmap.mmap(-1, 4096), FORBIDDEN)
        self.expect(lambda: len(mmap.mmap(-1, 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)), "4096")
        self.expect(lambda: os.open("/dev/zero", os.O_RDONLY), DENIED)


if __name__ == "__main__":
    unittest.main()
