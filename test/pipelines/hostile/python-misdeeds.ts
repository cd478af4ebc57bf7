import type { Fate, Misdeed } from './misdeed.ts';

const BOTH = ['strict', 'standard'] as const;
const STRICT = ['strict'] as const;
const NEVER = [] as const;

/** By Landlock (EACCES) or seccomp (EPERM). */
const DENIED: Fate = { stopped: /PermissionError \[Errno (1|13)\]/ };
/** A call of the C library that came back with -1 and EPERM. */
const CALL_DENIED: Fate = { stopped: /OSError|PermissionError.*not permitted/ };

/** `call(number, …)`: a system call by its number on x86-64; an OSError when it fails. */
const SYSTEM_CALL = `
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
def call(number, *arguments):
    result = libc.syscall(number, *(ctypes.c_long(argument) for argument in arguments))
    if result == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result`;

/** Messages of the host protocol, written by hand and at once. */
const FORGE = `
import json, os, struct
def encode(message):
    header = json.dumps(message).encode()
    return struct.pack("<II", len(header), 0) + header
def forge(messages):
    return os.write(3, b"".join(encode(message) for message in messages))`;

/** Hostile Python pipelines. What a source names `facts` is described in `misdeed.ts`. */
export const PYTHON_MISDEEDS: readonly Misdeed[] = [
  {
    name: 'reads /etc/passwd',
    source: `def misdeed(facts): return open("/etc/passwd").read()`,
    refusedAt: NEVER,
    fate: DENIED,
  },
  {
    name: "reads the server's .env, which lies beside it",
    source: `def misdeed(facts): return open(facts["envFile"]).read()`,
    refusedAt: NEVER,
    fate: DENIED,
  },
  {
    name: 'follows a symlink out of its folder',
    source: `def misdeed(facts): return open(facts["link"]).read()`,
    refusedAt: NEVER,
    fate: DENIED,
  },
  {
    name: "reads the server's environment",
    source: `def misdeed(facts): return open(f"/proc/{facts['serverPid']}/environ").read()`,
    refusedAt: NEVER,
    fate: DENIED,
  },
  {
    name: "opens the server's memory",
    source: `def misdeed(facts): return open(f"/proc/{facts['serverPid']}/mem", "r+b")`,
    refusedAt: STRICT,
    fate: DENIED,
  },
  {
    name: 'lists the processes',
    source: `import os
def misdeed(facts): return os.listdir("/proc")`,
    refusedAt: NEVER,
    fate: DENIED,
  },
  {
    name: "lists the machine's connections",
    source: `def misdeed(facts): return open("/proc/self/net/tcp").read()`,
    refusedAt: NEVER,
    fate: DENIED,
  },
  {
    name: 'tells its environment',
    source: `import os
def misdeed(facts): return dict(os.environ)`,
    refusedAt: NEVER,
    fate: { contained: 'the environment is empty but for the scratch folder' },
  },
  {
    name: 'writes outside',
    source: `def misdeed(facts): return open(facts["outside"] + "/new", "w").write("x")`,
    refusedAt: STRICT,
    fate: DENIED,
  },
  {
    name: 'writes into /tmp',
    source: `import os
def misdeed(facts): return os.open("/tmp/telefuser-hostile", os.O_CREAT | os.O_WRONLY)`,
    refusedAt: STRICT,
    fate: DENIED,
  },
  {
    name: 'overwrites its own module',
    source: `def misdeed(facts): return open(facts["entry"], "w").write("x")`,
    refusedAt: STRICT,
    fate: DENIED,
  },
  {
    name: 'deletes its own module',
    source: `import os
def misdeed(facts): return os.unlink(facts["entry"])`,
    refusedAt: STRICT,
    fate: DENIED,
  },
  {
    name: 'writes into the built server',
    source: `def misdeed(facts): return open(facts["serverDist"] + "/hostile.js", "w")`,
    refusedAt: STRICT,
    fate: DENIED,
  },
  {
    name: 'changes the mode of a file outside',
    source: `import os
def misdeed(facts): return os.chmod(facts["outsideFile"], 0o777)`,
    refusedAt: STRICT,
    fate: DENIED,
  },
  {
    name: 'changes the mode of its own module by a descriptor',
    source: `import os
def misdeed(facts): return os.fchmod(open(facts["entry"]).fileno(), 0o777)`,
    refusedAt: STRICT,
    fate: DENIED,
  },
  {
    name: 'changes the times of a file outside',
    source: `import os
def misdeed(facts): return os.utime(facts["outsideFile"], (1, 1))`,
    refusedAt: STRICT,
    fate: DENIED,
  },
  {
    name: 'cuts a file outside off',
    source: `import os
def misdeed(facts): return os.truncate(facts["outsideFile"], 0)`,
    refusedAt: STRICT,
    fate: DENIED,
  },
  {
    name: 'renames a file outside',
    source: `import os
def misdeed(facts): return os.rename(facts["outsideFile"], facts["outsideFile"] + ".moved")`,
    refusedAt: STRICT,
    fate: DENIED,
  },
  {
    name: 'makes a symlink outside',
    source: `import os
def misdeed(facts): return os.symlink("/etc/passwd", facts["outside"] + "/link")`,
    refusedAt: STRICT,
    fate: DENIED,
  },
  {
    name: 'makes a database outside',
    source: `import sqlite3
def misdeed(facts): return sqlite3.connect(facts["outside"] + "/new.db").execute("CREATE TABLE t (x)")`,
    refusedAt: STRICT,
    fate: { stopped: /unable to open database file/ },
  },
  {
    name: 'runs a command by os.system',
    source: `import os
def misdeed(facts):
    code = os.waitstatus_to_exitcode(os.system("id > " + facts["outside"] + "/new"))
    if code == 127:
        raise OSError("the shell could not be started")
    return code`,
    refusedAt: BOTH,
    fate: { stopped: /could not be started/ },
  },
  {
    name: 'runs a command by subprocess',
    source: `import subprocess
def misdeed(facts): return subprocess.run(["/bin/id"], capture_output=True)`,
    refusedAt: BOTH,
    fate: DENIED,
  },
  {
    name: 'spawns a process',
    source: `import os
def misdeed(facts): return os.posix_spawn("/bin/id", ["id"], {})`,
    refusedAt: BOTH,
    fate: DENIED,
  },
  {
    name: 'forks a hundred times',
    source: `import os
def misdeed(facts):
    for _ in range(100):
        if os.fork() == 0:
            os._exit(0)`,
    refusedAt: BOTH,
    fate: DENIED,
  },
  {
    name: 'becomes another program',
    source: `import os
def misdeed(facts): os.execv("/bin/sh", ["sh"])`,
    refusedAt: BOTH,
    fate: DENIED,
  },
  {
    name: 'becomes another program, by the C library',
    source: `${SYSTEM_CALL}
def misdeed(facts): return call(59, ctypes.cast(ctypes.c_char_p(b"/bin/sh"), ctypes.c_void_p).value, 0, 0)`,
    refusedAt: BOTH,
    fate: CALL_DENIED,
  },
  {
    name: 'connects by TCP',
    source: `import socket
def misdeed(facts): return socket.create_connection(("127.0.0.1", facts["tcpPort"]))`,
    refusedAt: BOTH,
    fate: DENIED,
  },
  {
    name: 'fetches',
    source: `import urllib.request
def misdeed(facts): return urllib.request.urlopen(f"http://127.0.0.1:{facts['tcpPort']}", timeout=1).read()`,
    refusedAt: STRICT,
    fate: { stopped: /Errno 13/ },
  },
  {
    name: 'sends a datagram',
    source: `import socket
def misdeed(facts): return socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", facts["udpPort"]))`,
    refusedAt: BOTH,
    fate: DENIED,
  },
  {
    name: 'connects to a Unix socket',
    source: `import socket
def misdeed(facts): return socket.socket(socket.AF_UNIX).connect(facts["unixSocket"])`,
    refusedAt: BOTH,
    fate: DENIED,
  },
  {
    name: 'connects to an abstract socket',
    source: `import socket
def misdeed(facts): return socket.socket(socket.AF_UNIX).connect(facts["abstractSocket"])`,
    refusedAt: BOTH,
    fate: DENIED,
  },
  {
    name: 'turns a pair of sockets to a foreign one',
    source: `import socket
def misdeed(facts): return socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)[0].sendto(b"x", facts["unixSocket"])`,
    refusedAt: BOTH,
    fate: DENIED,
  },
  {
    name: 'listens',
    source: `import socket
def misdeed(facts): return socket.create_server(("127.0.0.1", 0))`,
    refusedAt: BOTH,
    fate: DENIED,
  },
  {
    name: 'calls into the C library',
    source: `import ctypes
def misdeed(facts):
    libc = ctypes.CDLL(None)
    if libc.system(("touch " + facts["outside"] + "/new").encode()) != 0:
        raise OSError("the shell could not be started")`,
    refusedAt: BOTH,
    fate: { stopped: /could not be started/ },
  },
  {
    name: 'evaluates text',
    source: `def misdeed(facts): return eval("6 * 7")`,
    refusedAt: BOTH,
    fate: { contained: 'text may do what the pipeline may' },
  },
  {
    name: 'imports by a computed name',
    source: `def misdeed(facts): return __import__("sub" + "process").run(["/bin/id"])`,
    refusedAt: BOTH,
    fate: DENIED,
  },
  ...['SIGTERM', 'SIGKILL', 'SIGSTOP'].map((name) => ({
    name: `sends the server ${name}`,
    source: `import os, signal
def misdeed(facts): return os.kill(facts["serverPid"], signal.${name})`,
    refusedAt: BOTH,
    fate: DENIED,
  })),
  {
    // Signal 0 only asks whether a signal would be allowed: where the sandbox is broken, nobody's machine shall go down with it.
    name: 'signals its group',
    source: `import os
def misdeed(facts): return os.kill(0, 0)`,
    refusedAt: BOTH,
    fate: DENIED,
  },
  {
    name: 'signals everybody',
    source: `import os
def misdeed(facts): return os.kill(-1, 0)`,
    refusedAt: BOTH,
    fate: DENIED,
  },
  {
    name: 'has a descriptor signal the server',
    source: `import fcntl
def misdeed(facts): return fcntl.fcntl(3, fcntl.F_SETOWN, facts["serverPid"])`,
    refusedAt: STRICT,
    fate: DENIED,
  },
  {
    name: 'slows the server down',
    source: `import os
def misdeed(facts): return os.setpriority(os.PRIO_PROCESS, facts["serverPid"], 19)`,
    refusedAt: BOTH,
    fate: DENIED,
  },
  {
    name: 'limits the server',
    source: `import resource
def misdeed(facts): return resource.prlimit(facts["serverPid"], resource.RLIMIT_NOFILE, (3, 3))`,
    refusedAt: STRICT,
    fate: DENIED,
  },
  {
    name: 'takes the server its processors',
    source: `import os
def misdeed(facts): return os.sched_setaffinity(facts["serverPid"], {0})`,
    refusedAt: BOTH,
    fate: DENIED,
  },
  {
    name: 'traces the server',
    source: `${SYSTEM_CALL}
def misdeed(facts): return call(101, 16, facts["serverPid"], 0, 0)`,
    refusedAt: BOTH,
    fate: CALL_DENIED,
  },
  {
    name: "reads the server's memory",
    source: `${SYSTEM_CALL}
def misdeed(facts): return call(310, facts["serverPid"], 0, 0, 0, 0, 0)`,
    refusedAt: BOTH,
    fate: CALL_DENIED,
  },
  {
    name: 'opens a ring of io_uring',
    source: `${SYSTEM_CALL}
def misdeed(facts): return call(425, 8, ctypes.addressof(ctypes.create_string_buffer(120)))`,
    refusedAt: BOTH,
    fate: { stopped: /Function not implemented/ },
  },
  {
    name: 'shares memory by a key',
    source: `${SYSTEM_CALL}
def misdeed(facts): return call(29, 4711, 4096, 0o1666)`,
    refusedAt: BOTH,
    fate: CALL_DENIED,
  },
  {
    name: 'hides memory in a file without a name',
    source: `import os
def misdeed(facts): return os.memfd_create("hidden")`,
    refusedAt: STRICT,
    fate: DENIED,
  },
  {
    name: 'hides memory in a shared mapping',
    source: `import mmap
def misdeed(facts): return len(mmap.mmap(-1, 4096))`,
    refusedAt: STRICT,
    fate: DENIED,
  },
  {
    name: 'hides memory in a pipe',
    source: `${SYSTEM_CALL}
def misdeed(facts): return call(278, os.pipe()[1], 0, 0, 0)`,
    refusedAt: BOTH,
    fate: CALL_DENIED,
  },
  {
    name: 'wants to outlive the server',
    source: `${SYSTEM_CALL}
def misdeed(facts): return call(157, 1, 0, 0, 0, 0)`,
    refusedAt: BOTH,
    fate: CALL_DENIED,
  },
  {
    name: 'takes 8 GB at once',
    source: `def misdeed(facts): return len(bytearray(8 << 30))`,
    refusedAt: NEVER,
    fate: { stopped: /MemoryError/ },
  },
  {
    name: 'takes 8 GB by numpy',
    source: `import numpy
def misdeed(facts): return numpy.ones((8 << 30,), numpy.uint8).shape`,
    refusedAt: NEVER,
    fate: { stopped: /MemoryError/ },
  },
  {
    name: 'starts threads without end',
    source: `import threading
def misdeed(facts):
    forever = threading.Event()
    started = []
    try:
        for _ in range(10_000):
            thread = threading.Thread(target=forever.wait, daemon=True)
            thread.start()
            started.append(thread)
    finally:
        forever.set()
        # Their stacks are all the memory that the process may have: the misdeed after this one would find none.
        for thread in started:
            thread.join()`,
    refusedAt: NEVER,
    fate: { stopped: /can't start new thread/ },
  },
  {
    name: 'yields JSON without bottom',
    source: `def misdeed(facts):
    nested = {}
    for _ in range(100_000):
        nested = {"nested": nested}
    return {"chunk": {"misdeed": "yields JSON without bottom", "done": nested}}`,
    refusedAt: NEVER,
    fate: { contained: 'the metadata is cut at 32 levels' },
  },
  {
    name: 'yields 64 MB of metadata',
    source: `def misdeed(facts): return {"chunk": {"text": "x" * (64 << 20)}}`,
    refusedAt: NEVER,
    fate: { refused: /bytes|large/i },
  },
  {
    name: 'speaks for a run that is not its own',
    source: `${FORGE}
def misdeed(facts):
    return forge({"type": kind, "run": 987_654, "message": "forged"} for kind in ("end", "closed", "failed", "push-error"))`,
    refusedAt: STRICT,
    fate: { contained: 'nobody has such a run' },
  },
  {
    name: 'prints 1 GB',
    source: `def misdeed(facts):
    for _ in range(1024):
        print("x" * (1 << 20))`,
    refusedAt: NEVER,
    fate: { stalled: true },
  },
  {
    name: 'loops without end',
    source: `def misdeed(facts):
    while True:
        pass`,
    refusedAt: NEVER,
    fate: { stalled: true },
  },
  {
    name: 'keeps the interpreter to itself',
    source: `def misdeed(facts): return pow(3, 1 << 33) % 7`,
    refusedAt: NEVER,
    fate: { crashed: /hung: it did not answer/ },
  },
  {
    name: 'yields without credit',
    source: `${FORGE}
def misdeed(facts):
    for run in range(1, 20):
        forge({"type": "chunk", "run": run, "pictures": [], "metadata": {}} for _ in range(100))`,
    refusedAt: STRICT,
    fate: { crashed: /broke the host protocol: a chunk without credit/ },
  },
  {
    name: 'writes garbage on the pipe',
    source: `import os
def misdeed(facts): return os.write(3, b"\\xff" * 4096)`,
    refusedAt: STRICT,
    fate: { crashed: /broke the host protocol/ },
  },
  {
    name: 'takes memory bit by bit',
    source: `import time
def misdeed(facts):
    kept = []
    while True:
        kept.append(bytearray(8 << 20))
        kept[-1][::4096] = b"x" * 2048
        time.sleep(0.005)`,
    refusedAt: NEVER,
    fate: { crashed: /MiB of memory, more than its limit/ },
  },
  {
    name: 'breaks its memory',
    source: `import ctypes
def misdeed(facts): return ctypes.string_at(0)`,
    refusedAt: BOTH,
    fate: { crashed: /ended by SIGSEGV/ },
  },
  {
    name: 'ends its process',
    source: `import os
def misdeed(facts): os._exit(0)`,
    refusedAt: STRICT,
    fate: { crashed: /ended with exit code 0/ },
  },
];
