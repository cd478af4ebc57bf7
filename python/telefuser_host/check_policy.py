"""What each security level has against the modules, functions and methods that a pipeline uses. Data, and how it is looked up."""

from __future__ import annotations

from typing import NamedTuple

STRICT = "strict"

AT_STANDARD = "Take it out, or let --security-level standard allow it if you trust the pipeline."
#: The sandbox of `standard` goes further than its check.
_SANDBOX_REMEDIES = {
    "network": "Take it out: --security-level standard loads it, but its sandbox has no network either; fetch beforehand, and give the files by --asset.",
    "file-write": "Take it out, or write into the scratch folder (tempfile), which --security-level standard gives.",
}
NOT_EVEN_AT_STANDARD = "Take it out; only --security-level permissive, which has no sandbox, allows it."
WRITE_IT_OUT = "Write the name out, so that it can be seen what is used."


class Objection(NamedTuple):
    rule: str
    message: str
    remedy: str


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _with_rule(**names_of_rule: str) -> dict[str, str]:
    return {name: rule.replace("_", "-") for rule, names in names_of_rule.items() for name in names.split()}


# Modules that `strict` allows, each with everything below it, unless something below it is refused.
STRICT_MODULES = _words(
    """
    __future__ _thread abc argparse array asyncio atexit base64 binascii bisect calendar cmath collections colorsys concurrent.futures
    contextlib contextvars copy copyreg csv dataclasses datetime decimal difflib enum errno fnmatch fractions functools gc getopt
    glob graphlib gzip hashlib heapq hmac html importlib inspect io itertools json keyword linecache locale logging lzma bz2 math
    mimetypes numbers operator os pathlib platform posixpath pprint queue random re reprlib secrets statistics string
    stringprep struct sys textwrap threading time token tomllib traceback types typing typing_extensions unicodedata urllib.parse uuid
    warnings wave weakref xml.etree zlib zoneinfo
    numpy cv2 PIL av torch torchvision torchaudio einops scipy diffusers transformers accelerate safetensors telefuser telefuser_world tqdm loguru
    imageio skimage soundfile librosa decord kornia xformers flash_attn triton onnxruntime sentencepiece tokenizers huggingface_hub
    peft timm moviepy matplotlib pydantic yaml omegaconf ftfy regex packaging cachetools sortedcontainers
    """
)

# Modules that only `permissive` allows.
REFUSED_MODULES = _with_rule(
    process_spawn="""subprocess _posixsubprocess multiprocessing _multiprocessing concurrent.futures.process pty torch.multiprocessing pexpect sh plumbum""",
    network="socket _socket socketserver http.server xmlrpc.server asyncore asynchat telnetlib wsgiref",
    native_code="""ctypes _ctypes cffi _cffi_backend numpy.ctypeslib numpy.f2py numpy.distutils torch.utils.cpp_extension cppyy
        pybind11""",
    dynamic_code="pdb bdb code codeop debugpy pydevd ipdb runpy torch.hub",
    dynamic_import="imp _imp pkgutil zipimport _frozen_importlib _frozen_importlib_external",
    reflection="builtins __builtin__ _ast",
    process_access="posix nt",
)

# Modules that `strict` refuses for a reason that is worth a name.
_NAMED_AT_STRICT = _with_rule(
    network="""urllib http ssl ftplib smtplib poplib imaplib xmlrpc requests httpx httpcore aiohttp websockets websocket urllib3 grpc
        fastapi flask uvicorn aiortc webrtcvad zmq redis boto3""",
    file_write="tempfile shutil shelve dbm sqlite3 fileinput zipfile tarfile",
    dynamic_code="pickle _pickle marshal cPickle dill cloudpickle timeit cProfile profile trace doctest unittest",
    process_access="signal resource faulthandler psutil fcntl mmap termios tty",
)

_SPAWNING_OS = """system popen startfile fork forkpty posix_spawn posix_spawnp execl execle execlp execlpe execv execve execvp execvpe
    spawnl spawnle spawnlp spawnlpe spawnv spawnve spawnvp spawnvpe"""

# Names that only `permissive` allows.
REFUSED_NAMES = {
    **{f"os.{name}": "process-spawn" for name in _SPAWNING_OS.split()},
    **{
        f"os.{name}": "process-access"
        for name in """kill killpg setuid seteuid setgid setegid setgroups setreuid setregid setresuid setresgid setsid setns
        unshare chroot pidfd_open nice setpriority sched_setaffinity sched_setscheduler ptsname""".split()
    },
    **_with_rule(
        process_spawn="concurrent.futures.ProcessPoolExecutor",
        reflection="""sys.modules sys._getframe sys._current_frames sys.meta_path sys.path_hooks sys.path_importer_cache sys.settrace
            sys.setprofile sys.addaudithook sys.monitoring gc.get_objects gc.get_referrers gc.get_referents builtins.__builtins__
            builtins.__loader__ builtins.__spec__ os.__dict__ sys.__dict__ importlib.__dict__ gc.__dict__""",
        dynamic_code="""builtins.exec builtins.eval builtins.compile builtins.breakpoint sys.breakpointhook types.FunctionType
            types.CodeType types.LambdaType logging.config.listen""",
        dynamic_import="""builtins.__import__ importlib.import_module importlib.reload importlib.__import__ importlib.machinery
            importlib.abc importlib.invalidate_caches importlib._bootstrap importlib._bootstrap_external""",
        native_code="torch.ops.load_library torch.classes.load_library numpy.ctypeslib",
    ),
}

_STRICT_REFUSED_NAMES = _with_rule(
    reflection="builtins.globals inspect.currentframe inspect.stack inspect.trace inspect.getclosurevars",
    process_access="builtins.input builtins.exit builtins.quit",
    file_write="cv2.imwrite cv2.VideoWriter cv2.FileStorage io.FileIO logging.FileHandler logging.handlers",
)

# Modules of which `strict` allows only these names, and the rule for the others.
_ALLOWED_NAMES = {
    "os": (
        "process-access",
        _words(
            """path environ environb getenv getenvb cpu_count process_cpu_count listdir scandir walk fwalk fspath fsencode fsdecode sep
            linesep pathsep curdir pardir extsep altsep devnull name getcwd getpid stat lstat fstat stat_result statvfs PathLike access
            R_OK F_OK W_OK X_OK SEEK_SET SEEK_CUR SEEK_END O_RDONLY sched_getaffinity urandom getrandom times terminal_size
            get_terminal_size uname getloadavg sysconf strerror error DirEntry readlink get_exec_path"""
        ),
    ),
    "sys": (
        "process-access",
        _words(
            """version version_info platform maxsize maxunicode byteorder stdout stderr __stdout__ __stderr__ getsizeof float_info int_info
            hash_info exc_info exception getrecursionlimit implementation hexversion argv intern getdefaultencoding
            getfilesystemencoding flags api_version builtin_module_names stdlib_module_names orig_argv prefix base_prefix executable
            getrefcount is_finalizing getswitchinterval thread_info"""
        ),
    ),
    "importlib": ("dynamic-import", _words("metadata resources util")),
    "importlib.util": ("dynamic-import", _words("find_spec")),
}

_FILE_WRITING_OS = _words(
    """open write writev pwrite remove unlink rename renames replace mkdir makedirs rmdir removedirs link symlink truncate ftruncate chmod
    fchmod lchmod chown fchown lchown utime mknod mkfifo sendfile copy_file_range setxattr removexattr memfd_create openpty pipe"""
)

# Methods whose name says enough, whatever they are called on.
REFUSED_METHODS = _with_rule(
    process_spawn="create_subprocess_exec create_subprocess_shell subprocess_exec subprocess_shell",
    network="""open_connection start_server open_unix_connection start_unix_server create_server create_connection
        create_datagram_endpoint create_unix_server create_unix_connection sock_connect""",
    reflection="""__subclasses__ __globals__ __builtins__ __code__ __closure__ __mro__ __bases__ __base__ __loader__ __self__ f_globals
        f_locals f_builtins f_back f_code tb_frame gi_frame gi_code cr_frame cr_code ag_frame ag_code func_globals""",
)

_STRICT_REFUSED_METHODS = _with_rule(
    file_write="write_text write_bytes mkdir rmdir unlink touch symlink_to hardlink_to link_to lchmod chmod",
    reflection="__getattribute__",
)

# A library's own import of one of these is as good as the module itself.
_REACHED_THROUGH = _words("os sys subprocess socket builtins importlib ctypes posix shutil multiprocessing pickle marshal")

# Modules and functions that may not be handed on whole at `strict`, because what is done with them there cannot be seen.
_WATCHED = _words("os sys importlib importlib.util gc builtins.open builtins.getattr builtins.setattr builtins.delattr builtins.vars")


def object_to_module(module: str, level: str) -> Objection | None:
    """What the level has against importing a module that is no file of the pipeline."""
    parts = module.split(".")
    for length in range(len(parts), 0, -1):
        name = ".".join(parts[:length])
        if name in REFUSED_MODULES:
            return Objection(REFUSED_MODULES[name], f"the module {module} is imported", NOT_EVEN_AT_STANDARD)
        if level != STRICT:
            continue
        if name in STRICT_MODULES:
            return None
        if name in _NAMED_AT_STRICT:
            return Objection(_NAMED_AT_STRICT[name], f"the module {module} is imported", _remedy(_NAMED_AT_STRICT[name]))
    if level != STRICT:
        return None
    remedy = "Load it from a file in the pipeline's folder; --security-level standard allows any library that is harmless by itself."
    return Objection("import-not-allowed", f"the module {module} is imported", remedy)


def object_to_reference(path: tuple[str, ...], level: str) -> Objection | None:
    """What the level has against using `path`, the way of names from a module or from `builtins`."""
    dotted = ".".join(path)
    shown = dotted[len("builtins.") :] if path[0] == "builtins" else dotted
    prefixes = [".".join(path[:length]) for length in range(len(path), 0, -1)]
    for name in prefixes:
        if name in REFUSED_NAMES:
            return Objection(REFUSED_NAMES[name], f"{shown} is used", NOT_EVEN_AT_STANDARD)
        if "." in name and name in REFUSED_MODULES:
            return Objection(REFUSED_MODULES[name], f"{shown} is used", NOT_EVEN_AT_STANDARD)
    through = next((name for name in path[1:] if name in _REACHED_THROUGH), None)
    if through is not None:
        return Objection("reflection", f"{through} is reached through {path[0]}", "Import what you need by its own name.")
    if level != STRICT:
        return None
    for name in prefixes:
        if name in _STRICT_REFUSED_NAMES:
            return Objection(_STRICT_REFUSED_NAMES[name], f"{shown} is used", _remedy(_STRICT_REFUSED_NAMES[name]))
    return _object_to_name_of_module(path, shown)


def _object_to_name_of_module(path: tuple[str, ...], shown: str) -> Objection | None:
    for length in range(len(path) - 1, 0, -1):
        rule, allowed = _ALLOWED_NAMES.get(".".join(path[:length]), (None, frozenset()))
        if rule is None:
            continue
        if path[length] in allowed:
            return None
        if path[0] == "os" and path[length] in _FILE_WRITING_OS:
            rule = "file-write"
        remedy = "Put the modules into the pipeline's folder." if shown == "sys.path" else AT_STANDARD
        return Objection(rule, f"{shown} is used", remedy)
    return None


def object_to_method(name: str, level: str) -> Objection | None:
    """What the level has against an attribute of this name, on whatever object."""
    if name in REFUSED_METHODS:
        return Objection(REFUSED_METHODS[name], f".{name} is used", NOT_EVEN_AT_STANDARD)
    if level == STRICT and name in _STRICT_REFUSED_METHODS:
        return Objection(_STRICT_REFUSED_METHODS[name], f".{name} is used", _remedy(_STRICT_REFUSED_METHODS[name]))
    return None


def is_watched(path: tuple[str, ...], level: str) -> bool:
    """Whether `path` may only be used by the names in it."""
    return level == STRICT and ".".join(path) in _WATCHED


def _remedy(rule: str) -> str:
    """What to do about a finding of `strict` that `standard` does not make."""
    return _SANDBOX_REMEDIES.get(rule, AT_STANDARD)
