"""From a pipeline file to a started service."""

from __future__ import annotations

import importlib.util
import inspect
import json
import sys
from numbers import Real
from pathlib import Path
from types import ModuleType
from typing import Any, Awaitable, Callable, Literal, Mapping, NamedTuple, NoReturn

from . import sandbox, source_only
from .errors import format_traceback, one_line, place_of

StreamMode = Literal["server_push", "bidirectional"]
FailureKind = Literal["not-found", "load-failed", "no-get-service", "neither-protocol", "start-failed"]

#: Runs an awaitable to its end on the main thread.
RunAsync = Callable[[Awaitable[Any]], Any]
#: What a pipeline calls while it starts: how far it has got, 0–1 or None, and perhaps a sentence about it.
ReportProgress = Callable[..., None]

#: Always the same, so that a pipeline's classes have the same full name in every process of it.
_MODULE_NAME = "telefuser_pipeline"

#: What `get_service` or `start` call the parameter that gets the `ReportProgress`.
_PROGRESS_PARAMETER = "report_progress"
#: UTF-8 bytes of JSON; both declarations together fit into a message.
_MAX_DECLARATION_BYTES = 65_536
#: Libraries that any pipeline may import, at every security level.
_LIBRARIES = Path(__file__).resolve().parent.parent / "libraries"

_BIDIRECTIONAL_METHODS = ("create_session", "push_chunk", "pull_chunks", "close_session")


class LoadedService(NamedTuple):
    mode: StreamMode
    service: Any


class LoadError(Exception):
    """The pipeline cannot be served; `kind` says at which step it failed."""

    def __init__(self, kind: FailureKind, message: str, cause: BaseException | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.traceback = None if cause is None else format_traceback(cause)


def load_service(
    file: str, gpu_num: int, options: Mapping[str, str], run_async: RunAsync, report_progress: ReportProgress
) -> LoadedService:
    """Imports a pipeline file (an absolute path), makes its service and starts it. Raises LoadError."""
    folder = Path(file).parent
    get_service = _find_get_service(_load_module(Path(file)))
    arguments = _arguments_for(get_service, gpu_num, options, report_progress)
    service = _call("start-failed", "get_service() raised", lambda: get_service(**arguments), run_async, folder)
    loaded = LoadedService(detect_stream_mode(service), service)
    start = getattr(service, "start", None)
    if callable(start):
        takes = any(parameter.name == _PROGRESS_PARAMETER for parameter in _parameters_of(start))
        progress = {_PROGRESS_PARAMETER: report_progress} if takes else {}
        _call("start-failed", "start() raised", lambda: start(**progress), run_async, folder)
    return loaded


def detect_stream_mode(service: Any) -> StreamMode:
    """
    Which protocol a service speaks. It is bidirectional when it has all four methods, server push when it has `serve`; with both,
    bidirectional wins. Raises LoadError.
    """
    if service is None:
        raise LoadError("neither-protocol", "get_service() returned None, not a service object")
    missing = [name for name in _BIDIRECTIONAL_METHODS if not callable(getattr(service, name, None))]
    if not missing:
        return "bidirectional"
    if callable(getattr(service, "serve", None)):
        return "server_push"
    if len(missing) < len(_BIDIRECTIONAL_METHODS):
        raise LoadError("neither-protocol", f"the service is bidirectional in part: it lacks {', '.join(missing)}")
    raise LoadError(
        "neither-protocol",
        "the service has neither serve (server push) nor "
        "create_session, push_chunk, pull_chunks and close_session (bidirectional)",
    )


class _Attribute(NamedTuple):
    """What a service may say of itself."""

    name: str
    #: Of the message `ready`.
    field: str
    allowed: str
    is_allowed: Callable[[Any], bool]


_ATTRIBUTES = (
    _Attribute("default_fps", "defaultFps", "a number from 1 to 240", lambda value: _in_range(value, 1, 240)),
    _Attribute(
        "max_sessions",
        "maxSessions",
        "a whole number from 1 to 1000",
        lambda value: _in_range(value, 1, 1000) and value == int(value),
    ),
    _Attribute(
        "delivery",
        "delivery",
        "'lossless' or 'latest'",
        lambda value: isinstance(value, str) and value in ("lossless", "latest"),
    ),
    _Attribute("queue_ms", "queueMs", "a number from 0 to 60000", lambda value: _in_range(value, 0, 60_000)),
)


def describe_service(loaded: LoadedService) -> dict[str, Any]:
    """
    What the server is told of a started service. Read only now: a service may learn its pace in `start()`. Raises LoadError.
    """
    ready: dict[str, Any] = {"type": "ready", "mode": loaded.mode}
    for name, field in (("about", "about"), ("config_schema", "configSchema")):
        declared = _attribute_of(loaded.service, name)
        if declared is not None:
            ready[field] = _declaration(name, declared)
    for attribute in _ATTRIBUTES:
        value = _attribute_of(loaded.service, attribute.name)
        if value is None:
            continue
        if not attribute.is_allowed(value):
            raise LoadError("start-failed", f"the service's {attribute.name} must be {attribute.allowed}")
        # Also a number of numpy becomes one that JSON has.
        ready[attribute.field] = value if isinstance(value, str) else int(value) if value == int(value) else float(value)
    return ready


def _attribute_of(service: Any, name: str) -> Any:
    try:
        return getattr(service, name, None)
    except Exception as error:
        raise LoadError("start-failed", f"the service's {name} raised: {one_line(error)}", error) from error


def _declaration(name: str, value: Any) -> Any:
    """An object that the server shows to others, as JSON has it. What is in it is the server's to check, who trusts no host."""
    if not isinstance(value, Mapping):
        raise LoadError("start-failed", f"the service's {name} must be a dict")
    try:
        text = json.dumps(value if isinstance(value, dict) else dict(value), allow_nan=False, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise LoadError("start-failed", f"the service's {name} cannot be written as JSON: {one_line(error)}", error) from error
    size = len(text.encode("utf-8", "replace"))
    if size > _MAX_DECLARATION_BYTES:
        raise LoadError(
            "start-failed", f"the service's {name} is {size} bytes long as JSON; {_MAX_DECLARATION_BYTES} are allowed"
        )
    return json.loads(text)


def _in_range(value: Any, low: int, high: int) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and low <= float(value) <= high


def _load_module(file: Path) -> ModuleType:
    if not file.is_file():
        raise LoadError("not-found", f"there is no file {file}")
    # What is there is ours, and libraries look at it.
    sys.argv[:] = [str(file)]
    sys.path.append(str(_LIBRARIES))
    # Last on the path: a pipeline's neighbour shall not replace a module of the standard library for everybody else.
    sys.path.append(str(file.parent))
    package = [str(file.parent)] if file.name == "__init__.py" else None
    source_only.install(str(file.parent), extensions=not sandbox.is_applied())
    loader = source_only.SourceOnlyLoader(_MODULE_NAME, str(file))
    spec = importlib.util.spec_from_file_location(_MODULE_NAME, file, loader=loader, submodule_search_locations=package)
    if spec is None or spec.loader is None or file.suffix != ".py":
        raise LoadError("load-failed", f"{file.name} is no Python file")
    module = importlib.util.module_from_spec(spec)
    # Dataclasses and pickle look their module up by name.
    sys.modules[_MODULE_NAME] = module
    try:
        spec.loader.exec_module(module)
    except BaseException as error:
        _fail("load-failed", "the pipeline cannot be loaded", error, file.parent)
    return module


def _find_get_service(module: ModuleType) -> Callable[..., Any]:
    get_service = getattr(module, "get_service", None)
    if callable(get_service):
        factory: Callable[..., Any] = get_service
        return factory
    names = [name for name in vars(module) if not name.startswith("_")]
    raise LoadError("no-get-service", f"the pipeline defines no get_service function, only {', '.join(names) or 'nothing'}")


def _parameters_of(function: Callable[..., Any]) -> list[inspect.Parameter]:
    try:
        return list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        # Something built in, which says nothing of its parameters.
        return []


def _arguments_for(
    get_service: Callable[..., Any], gpu_num: int, options: Mapping[str, str], report_progress: ReportProgress
) -> dict[str, Any]:
    """
    What of `gpu_num`, `report_progress` and the operator's options the signature accepts. Raises LoadError for an option that it does
    not.
    """
    parameters = _parameters_of(get_service)
    takes_all = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)
    names = [
        parameter.name for parameter in parameters if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
    ]
    if "gpu_num" in options:
        raise LoadError("start-failed", "-o gpu_num cannot be given: it is the number of GPUs, say --gpu-num instead")
    if _PROGRESS_PARAMETER in options:
        raise LoadError("start-failed", f"-o {_PROGRESS_PARAMETER} cannot be given: it is what the pipeline reports its start to")
    arguments: dict[str, Any] = {"gpu_num": gpu_num} if takes_all or "gpu_num" in names else {}
    if _PROGRESS_PARAMETER in names:
        arguments[_PROGRESS_PARAMETER] = report_progress
    arguments.update({name: value for name, value in options.items() if takes_all or name in names})
    if "options" in names:
        # It gets them all, so no option is left over.
        arguments["options"] = dict(options)
        return arguments
    unknown = [name for name in options if name not in arguments]
    if unknown:
        known = ", ".join(name for name in names if name not in ("gpu_num", _PROGRESS_PARAMETER)) or "none"
        raise LoadError("start-failed", f"get_service() takes no option {', '.join(unknown)}; its options are: {known}")
    return arguments


def _call(kind: FailureKind, what: str, function: Callable[[], Any], run_async: RunAsync, folder: Path) -> Any:
    try:
        result = function()
        return run_async(result) if inspect.isawaitable(result) else result
    except BaseException as error:
        _fail(kind, what, error, folder)


def _fail(kind: FailureKind, what: str, error: BaseException, folder: Path) -> NoReturn:
    raise LoadError(kind, f"{what}: {one_line(error)}{_remedy(error)}{place_of(error, folder)}", error) from error


def _remedy(error: BaseException) -> str:
    if isinstance(error, ModuleNotFoundError):
        return f"; install it for {sys.executable}, or name another interpreter in TELEFUSER_PYTHON"
    return ""
