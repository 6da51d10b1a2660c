"""WHAT THE OPERATOR READS: one JSON line per request, per fault, and per piece of work, on standard output.

No query string, no body, no path but its route's template, and no exception's message: each may hold what
somebody asked for, or who they are. A fault is told by its type and by where it was raised.
"""

import os
import traceback
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger

_LEVELS = {"DEBUG": 10, "INFO": 20, "WARNING": 30, "ERROR": 40, "CRITICAL": 50}
_STDOUT = 1


def log_request(
    method: str,
    route: str,
    status: int,
    seconds: float,
    request_id: str,
    length: int | None,
    *,
    level: str = "INFO",
) -> None:
    """Write the line of one request; `length` is the body's, in bytes, or None where it was streamed."""
    if _LEVELS.get(level, 20) > 20:
        return  # the logger would drop it, but not before its library is imported, while the first caller waits
    _logger(level).info(
        "request",
        method=method,
        route=route,
        status=status,
        duration_ms=round(seconds * 1000, 2),
        request_id=request_id,
        bytes=length,
    )


def log_warning(event: str, *, level: str = "INFO", **facts: str) -> None:
    """Write the line of something that an operator should know of; never with what a person wrote."""
    _logger(level).warning(event, **facts)


def log_fault(error: BaseException, *, route: str, request_id: str, level: str = "INFO") -> None:
    """Write the line of an error that nobody expected, with where it was raised but not what it said."""
    frames = traceback.extract_tb(error.__traceback__)
    _logger(level).error(
        "fault",
        error=f"{type(error).__module__}.{type(error).__qualname__}",
        route=route,
        request_id=request_id,
        raised=[f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
    )


def log_work(what: str, *, level: str = "INFO", **facts: int | str) -> None:
    """Write a line on what the worker did: counts, and names of our own."""
    _logger(level).info(what, **facts)


@lru_cache(maxsize=8)
def _logger(level: str) -> "FilteringBoundLogger":
    # Imported here: it is the dearest import of the skin, and no first answer needs to wait for it.
    import structlog

    made: FilteringBoundLogger = structlog.wrap_logger(
        _Lines(),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
            structlog.processors.JSONRenderer(serializer=_write_line),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS.get(level, 20)),
    )
    return made.bind()


class _Lines:
    """Writes each line with one system call, so that the lines of several workers never mix."""

    def msg(self, line: bytes) -> None:
        os.write(_STDOUT, line)

    debug = info = warning = error = critical = msg


def _write_line(event: dict[str, Any], **_: Any) -> bytes:
    return orjson.dumps(event, option=orjson.OPT_APPEND_NEWLINE)
