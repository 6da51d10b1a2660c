"""WHAT EVERY ANSWER CARRIES: a request id, cross-origin and security headers, gzip; and its line in the log.

The log line and the metrics are written when the response closes: the client already has its answer by then, and
a streamed body is timed whole.
"""

import re
import zlib
from secrets import token_hex
from time import perf_counter

from flask import Flask, Response, current_app, g, request

from resource_api.api.context import settings

GZIP_SUFFIX = "-gzip"
GZIP_FROM = 1_000  # bytes; below, one network packet carries it anyway
GZIP_LEVEL = 4  # measured on 47 kB: 0.61 ms for 11.6 kB; level 1 is 0.57 for 13.1, level 6 is 1.49 for 11.1
_PACKABLE = ("application/json", "application/problem+json", "application/fhir+json")
_SANE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_PREFLIGHT_SECONDS = 86_400
_EXPOSED = "ETag, Link, X-Request-Id, Search-Degraded, Retry-After"
_ASKABLE = "Content-Type, Accept, Accept-Language, If-None-Match, X-Request-Id, X-Embed-Key"
_ALWAYS = (("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "no-referrer"))
_STRICTEST = "default-src 'none'; frame-ancestors 'none'"


def add_headers(app: Flask) -> None:
    """Put these headers on every answer of an application; to be called before any other hook is added."""
    app.before_request(_start)
    app.after_request(_finish)


def route_template() -> str:
    """Get the template of the route that was asked, never the path itself."""
    rule = request.url_rule
    return rule.rule if rule is not None else "(none)"


def is_gzipped(response: Response) -> bool:
    """Tell whether a response is going to be sent gzipped."""
    if response.is_streamed or response.mimetype not in _PACKABLE:
        return False
    length = response.content_length
    return length is not None and length >= GZIP_FROM and request.accept_encodings["gzip"] > 0


def _start() -> None:
    g.started = perf_counter()
    given = request.headers.get("X-Request-Id", "")
    g.request_id = given if _SANE_ID.fullmatch(given) else token_hex(8)


def _finish(response: Response) -> Response:
    headers = response.headers
    headers.extend((*_ALWAYS, ("X-Request-Id", g.request_id)))
    headers.setdefault("Content-Security-Policy", _STRICTEST)
    _allow_other_origins(response)
    _gzip(response)
    _record_at_close(response)
    return response


def _allow_other_origins(response: Response) -> None:
    """Let any web page read the public directory. Never with credentials."""
    blueprint = current_app.blueprints.get(request.blueprint or "")
    if blueprint is not None and not getattr(blueprint, "public", False):
        return
    headers = response.headers
    headers["Access-Control-Allow-Origin"] = "*"
    headers["Access-Control-Expose-Headers"] = _EXPOSED
    if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
        allowed = [m for m in ("GET", "HEAD", "POST") if m in (response.allow or ())]
        headers["Access-Control-Allow-Methods"] = ", ".join(allowed)
        headers["Access-Control-Allow-Headers"] = _ASKABLE
        headers["Access-Control-Max-Age"] = str(_PREFLIGHT_SECONDS)


def _gzip(response: Response) -> None:
    if response.mimetype in _PACKABLE or response.status_code == 304:
        vary = response.headers.get("Vary")
        response.headers["Vary"] = f"{vary}, Accept-Encoding" if vary else "Accept-Encoding"
    if not is_gzipped(response) or "Content-Encoding" in response.headers:
        return
    packer = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, 31)
    response.set_data(packer.compress(response.get_data()) + packer.flush())
    response.headers["Content-Encoding"] = "gzip"


def _record_at_close(response: Response) -> None:
    method, route, status = request.method, route_template(), response.status_code
    started, request_id, level = g.started, g.request_id, settings().log_level
    length = None if response.is_streamed else response.content_length

    def record() -> None:
        from resource_api.logs import log_fault, log_request
        from resource_api.metrics import count_request

        seconds = perf_counter() - started
        log_request(method, route, status, seconds, request_id, length, level=level)
        try:
            count_request(method, route, status, seconds)
        except OSError as error:  # the folder that is counted in is gone or full: the answer itself was right
            log_fault(error, route=route, request_id=request_id, level=level)

    response.call_on_close(record)
