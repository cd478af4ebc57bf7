"""
Applies a kernel policy to this process: Landlock, seccomp, resource limits, no capabilities.

The policy is made by the server (`src/pipeline-loader/sandbox/kernel-policy.ts` says what its fields mean); nothing is decided here. It
binds the calling thread and the threads that it starts, so it has to come before the first of them.
"""

from __future__ import annotations

import base64
import ctypes
import os
import signal
import stat
import struct
import sys
from typing import Any, Callable, Mapping, Sequence

# sys/prctl.h
_PR_SET_PDEATHSIG = 1
_PR_SET_SECCOMP = 22
_PR_CAPBSET_DROP = 24
_PR_SET_NO_NEW_PRIVS = 38
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_CLEAR_ALL = 4
_SECCOMP_MODE_FILTER = 2

# linux/capability.h
_CAPABILITY_VERSION_3 = 0x20080522
_MAX_CAPABILITY = 63

# linux/landlock.h: system calls (the same on every machine), rights and their sums by version
_LANDLOCK_CREATE_RULESET = 444
_LANDLOCK_ADD_RULE = 445
_LANDLOCK_RESTRICT_SELF = 446
_CREATE_RULESET_VERSION = 1
_RULE_PATH_BENEATH = 1
_EXECUTE = 1 << 0
_WRITE_FILE = 1 << 1
_READ_FILE = 1 << 2
_READ_DIR = 1 << 3
_TRUNCATE = 1 << 14
_IOCTL_DEV = 1 << 15
#: REMOVE_DIR, REMOVE_FILE, MAKE_DIR, MAKE_REG, MAKE_FIFO, MAKE_SYM, REFER.
_CHANGE_FOLDER = 1 << 4 | 1 << 5 | 1 << 7 | 1 << 8 | 1 << 10 | 1 << 12 | 1 << 13
#: Rights that a rule for a file may have.
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV
#: Rights that version 1, 2, 3… of Landlock knows.
_RIGHTS_BY_VERSION = [(1 << count) - 1 for count in (13, 14, 15, 15, 16)]
#: bind and connect of TCP, from version 4.
_ALL_TCP = 3
#: Abstract sockets and signals, from version 6.
_ALL_SCOPES = 3

#: The highest that is the pipeline's: the server's pipe.
_LAST_DESCRIPTOR = 3
#: Where a process has no list of its descriptors, those below this are closed.
_MAX_DESCRIPTORS = 65_536

#: Stands in a seccomp filter for the id of the process it is installed in.
_OWN_PROCESS_MARKER = 0x7E1EF05E
_INSTRUCTION = struct.Struct("<HBBI")


_is_applied = False


class SandboxError(Exception):
    """The policy cannot be enforced here. The message says what is missing."""


def apply(policy: Mapping[str, Any] | None) -> list[str]:
    """
    Takes from this process what the policy does not give. There is no way back. Whatever the policy, None too, descriptors above that
    of the server's pipe are closed, and the process dies with the server.

    Returns what could not be enforced, a sentence each, when the policy does not require all of it. Raises SandboxError when it does.
    """
    _close_inherited()
    if policy is None:
        if sys.platform == "linux":
            _prctl(ctypes.CDLL(None), _PR_SET_PDEATHSIG, signal.SIGKILL)
        return []
    if sys.platform != "linux":
        raise SandboxError(f"the sandbox is made of Landlock and seccomp, which {sys.platform} does not have")
    global _is_applied
    _is_applied = True
    libc = ctypes.CDLL(None, use_errno=True)
    problems = []
    steps: Sequence[Callable[[Mapping[str, Any], ctypes.CDLL], None]] = (
        _limit_resources,
        _drop_capabilities,
        _die_with_server,
        _restrict_files,
        _filter_calls,
    )
    for step in steps:
        try:
            step(policy, libc)
        except SandboxError as error:
            if policy["required"]:
                remedy = "use --security-level standard, or a newer kernel"
                raise SandboxError(f"the level strict cannot be held: {error}; {remedy}") from error
            problems.append(str(error))
    return problems


def is_applied() -> bool:
    """Whether this process is under a policy, or under what can be enforced of one."""
    return _is_applied


def _close_inherited() -> None:
    # What the server had inherited itself, from a script that started it for example. Python marks what it opens, and nobody else's.
    try:
        descriptors = [int(name) for name in os.listdir("/dev/fd")]
    except OSError:
        os.closerange(_LAST_DESCRIPTOR + 1, _MAX_DESCRIPTORS)
        return
    for descriptor in descriptors:
        if descriptor > _LAST_DESCRIPTOR:
            # The one that listed them is closed already; closerange() does not mind.
            os.closerange(descriptor, descriptor + 1)


def _die_with_server(_policy: Mapping[str, Any], libc: ctypes.CDLL) -> None:
    # A server that is killed takes no process with it, and a pipeline may keep the thread that reads the pipe from running. The
    # signal comes when the thread ends that made this process. A server that is gone already says no `start`.
    if _prctl(libc, _PR_SET_PDEATHSIG, signal.SIGKILL) != 0:
        raise SandboxError("the pipeline may outlive the server: the kernel refused to bind their lives")


def _limit_resources(policy: Mapping[str, Any], _libc: ctypes.CDLL) -> None:
    import resource

    for name, value in policy["limits"].items():
        kind = getattr(resource, f"RLIMIT_{name.upper()}")
        hard = resource.getrlimit(kind)[1]
        limit = value if hard == resource.RLIM_INFINITY else min(value, hard)
        try:
            resource.setrlimit(kind, (limit, limit))
        except (OSError, ValueError) as error:
            raise SandboxError(f"the kernel refused the limit {name}={value}") from error


def _drop_capabilities(_policy: Mapping[str, Any], libc: ctypes.CDLL) -> None:
    # Root without capabilities is a user that owns the system's files, which Landlock then closes.
    # These two are refused to a process that has no capabilities to begin with.
    for capability in range(_MAX_CAPABILITY + 1):
        _prctl(libc, _PR_CAPBSET_DROP, capability)
    _prctl(libc, _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL)
    header = struct.pack("<Ii", _CAPABILITY_VERSION_3, 0)
    if libc.capset(header, bytes(24)) != 0:
        raise SandboxError("the kernel refused to drop capabilities")
    if _prctl(libc, _PR_SET_NO_NEW_PRIVS, 1) != 0:
        raise SandboxError("the kernel refused no_new_privs")


def _restrict_files(policy: Mapping[str, Any], libc: ctypes.CDLL) -> None:
    version = _system_call(libc, _LANDLOCK_CREATE_RULESET, None, 0, _CREATE_RULESET_VERSION)
    if version < 1:
        what_it_needs = 'Linux 5.13, "landlock" in its lsm= list'
        raise SandboxError(f"files stay open to the pipeline: this kernel has no Landlock ({what_it_needs})")
    rights = _RIGHTS_BY_VERSION[min(version, len(_RIGHTS_BY_VERSION)) - 1]
    ruleset = _create_ruleset(libc, version, rights)
    try:
        for paths, allowed in (
            (policy["readable"], _READ_FILE | _READ_DIR),
            (policy["listable"], _READ_DIR),
            (policy["writable"], _READ_FILE | _READ_DIR | _WRITE_FILE | _TRUNCATE | _CHANGE_FOLDER),
            (policy["executable"], _READ_FILE | _EXECUTE),
            (policy["devices"], _READ_FILE | _READ_DIR | _WRITE_FILE | _IOCTL_DEV),
        ):
            for path in paths:
                _add_rule(libc, ruleset, path, allowed & rights)
        if _system_call(libc, _LANDLOCK_RESTRICT_SELF, ruleset, 0) != 0:
            raise SandboxError("files stay open to the pipeline: the kernel refused its Landlock rules")
    finally:
        os.close(ruleset)


def _create_ruleset(libc: ctypes.CDLL, version: int, rights: int) -> int:
    attributes = struct.pack("<QQQ", rights, _ALL_TCP, _ALL_SCOPES)
    # An older version knows a shorter structure, and refuses a longer one that says something.
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    ruleset = _system_call(libc, _LANDLOCK_CREATE_RULESET, attributes, size, 0)
    if ruleset < 0:
        raise SandboxError("files stay open to the pipeline: the kernel refused a Landlock ruleset")
    return ruleset


def _add_rule(libc: ctypes.CDLL, ruleset: int, path: str, allowed: int) -> None:
    try:
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # A path that cannot be opened here is not opened to the pipeline.
    try:
        rights = allowed if stat.S_ISDIR(os.fstat(fd).st_mode) else allowed & _OF_FILES
        rule = struct.pack("<Qi", rights, fd)
        if _system_call(libc, _LANDLOCK_ADD_RULE, ruleset, _RULE_PATH_BENEATH, rule, 0) != 0:
            raise SandboxError(f"files stay open to the pipeline: the kernel refused a Landlock rule for {path}")
    finally:
        os.close(fd)


def _filter_calls(policy: Mapping[str, Any], libc: ctypes.CDLL) -> None:
    if policy["seccomp"] is None:
        machine = os.uname().machine
        raise SandboxError(f"network and processes stay open to the pipeline: there is no filter of system calls for {machine}")
    encoded = base64.b64decode(policy["seccomp"])
    program = ctypes.create_string_buffer(_with_own_process(encoded), len(encoded))
    # struct sock_fprog: a count, and after its padding the address.
    header = struct.pack("@HP", len(encoded) // _INSTRUCTION.size, ctypes.addressof(program))
    pointer = ctypes.cast(ctypes.c_char_p(header), ctypes.c_void_p).value or 0
    if _prctl(libc, _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, pointer) != 0:
        raise SandboxError("network and processes stay open to the pipeline: this kernel has no seccomp filters")


def _with_own_process(program: bytes) -> bytes:
    """The filter with this process's id where the policy has the marker."""
    pid = os.getpid()
    return b"".join(
        _INSTRUCTION.pack(code, if_true, if_false, pid if value == _OWN_PROCESS_MARKER else value)
        for code, if_true, if_false, value in _INSTRUCTION.iter_unpack(program)
    )


def _prctl(libc: ctypes.CDLL, option: int, a: int, b: int = 0) -> int:
    return libc.prctl(ctypes.c_int(option), *(ctypes.c_ulong(value) for value in (a, b, 0, 0)))


def _system_call(libc: ctypes.CDLL, number: int, *arguments: int | bytes | None) -> int:
    words = [ctypes.c_long(value) if isinstance(value, int) else value for value in arguments]
    return int(libc.syscall(ctypes.c_long(number), *words))
