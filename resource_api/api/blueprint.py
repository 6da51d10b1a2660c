"""HOW A VIEW IS DECLARED: flask-smorest's blueprint, its faults mended; and how serialised JSON is answered."""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from hashlib import blake2b
from http import HTTPStatus
from typing import Any, TypeVar, cast

import flask_smorest  # type: ignore[import-untyped]
import marshmallow as ma
from flask import Response, request
from werkzeug.http import http_date

from resource_api.api.arguments import StrictParser, refuse_parameters
from resource_api.api.authenticate import GUARD, authorize
from resource_api.api.context import settings
from resource_api.api.headers import GZIP_SUFFIX, is_gzipped

View = Callable[..., Any]
V = TypeVar("V")


class Blueprint(flask_smorest.Blueprint):  # type: ignore[misc]
    """A group of operations; `public`: any web page may ask them; `documented`: they are in the OpenAPI."""

    ARGUMENTS_PARSER = StrictParser()
    PAGINATION_HEADER_NAME = None

    def __init__(self, *args: Any, public: bool = True, documented: bool = True, **options: Any) -> None:
        super().__init__(*args, **options)
        self.public = public
        self.documented = documented

    def route(self, rule: str, **options: Any) -> Callable[[V], V]:
        """Register a view under a URL."""
        return cast(Callable[[V], V], super().route(rule, **options))

    def doc(self, **options: Any) -> Callable[[V], V]:
        """Add to what is documented of a view."""

        def decorator(view: V) -> V:
            documented = _documented(view)
            documented["manual_doc"] = {**documented.get("manual_doc", {}), **options}
            return view

        return decorator

    def response(self, status_code: int, schema: Any = None, **options: Any) -> Callable[[V], V]:
        """Document what a view answers with: a Response it has made itself."""

        def decorator(view: V) -> V:
            _documented(view).setdefault("success_status_codes", []).append(status_code)
            return self.alt_response(status_code, schema=schema, **options)(view)

        return decorator

    def alt_response(self, status_code: int, **options: Any) -> Callable[[V], V]:
        """Document what else a view answers with."""
        described = {"description": HTTPStatus(status_code).phrase, "content_type": None}
        described |= {name: value for name, value in options.items() if value is not None}

        def decorator(view: V) -> V:
            responses = _documented(view).setdefault("response", {}).setdefault("responses", {})
            responses.setdefault(status_code, []).append(described)
            return view

        return decorator

    def arguments(
        self, schema: type[ma.Schema] | ma.Schema, *, location: str = "query", **options: Any
    ) -> Callable[[View], View]:
        """Give a view its arguments, read through a schema, by default from the query string."""
        instance = schema() if isinstance(schema, type) else schema  # once, not once per request

        def decorator(view: View) -> View:
            @wraps(view)
            def reading(*args: Any, **kwargs: Any) -> Any:
                return view(*args, self.ARGUMENTS_PARSER.parse(instance, location=location), **kwargs)

            described = {"in": location, "required": True, "schema": schema, **options}
            arguments = _documented(reading).setdefault("arguments", {"parameters": []})
            arguments["parameters"].append(described)
            arguments["responses"] = {422: "INVALID_ARGUMENTS"}
            return reading

        return decorator

    def add_url_rule(self, rule: str, endpoint: str | None = None, view_func: Any = None, **options: Any) -> None:
        """Register a view. A guarded one authorizes first; one that declares no query parameters refuses them."""
        if view_func is not None:
            view_func = self._strict(view_func)
        super().add_url_rule(rule, endpoint, view_func, **options)

    def _strict(self, view: Any) -> Any:
        if not isinstance(view, type):
            return _enter(view)
        for method in self.HTTP_METHODS:
            function = getattr(view, method.lower(), None)
            if function is not None:
                setattr(view, method.lower(), _enter(function))
        return view


def json_bytes(
    body: bytes,
    *,
    etag: str | None = None,
    max_age: int | None = None,
    modified: datetime | None = None,
    vary: tuple[str, ...] = (),
    mimetype: str = "application/json",
) -> Response:
    """Answer with JSON that is already serialised, or with 304 where the client has it.

    `etag` is the bare value, without quotes; without one the body's digest is taken. `max_age` is in seconds
    and defaults to the settings'. https://www.rfc-editor.org/rfc/rfc9110#section-13
    """
    etag = etag or blake2b(body, digest_size=12).hexdigest()
    response = Response(body, mimetype=mimetype)
    headers = response.headers
    # Each encoding is another sequence of bytes, so it has another strong tag.
    headers["ETag"] = f'"{etag}{GZIP_SUFFIX}"' if is_gzipped(response) else f'"{etag}"'
    age = settings().cache_seconds if max_age is None else max_age
    headers["Cache-Control"] = f"public, max-age={age}"
    if vary:
        headers["Vary"] = ", ".join(vary)
    if modified is not None:
        headers["Last-Modified"] = http_date(modified)
    if _has_already(etag, modified):
        response.status_code = 304
        response.set_data(b"")
        del headers["Content-Type"], headers["Content-Length"]
    return response


def _has_already(etag: str, modified: datetime | None) -> bool:
    if request.method not in ("GET", "HEAD"):
        return False
    if "If-None-Match" in request.headers:
        known = request.if_none_match
        return known.star_tag or known.contains_weak(etag) or known.contains_weak(etag + GZIP_SUFFIX)
    since = request.if_modified_since
    return since is not None and modified is not None and modified.replace(microsecond=0) <= since


def _documented(view: Any) -> dict[str, Any]:
    """Get what is documented of a view, to add to it.

    It is kept as flask-smorest keeps it, and written here: its own decorators copy all of it each time, with a schema
    and every field of it, which is a tenth of a start; and they leave a wrapper that would run per request.
    """
    documented: dict[str, Any] = vars(view).setdefault("_apidoc", {})
    return documented


def _enter(view: View) -> View:
    action = getattr(view, "_apidoc", {}).get("manual_doc", {}).get(GUARD)
    entered = view if _reads_query(view) else _without_parameters(view)
    return entered if action is None else _guarded(entered, action)


def _guarded(view: View, action: Any) -> View:
    @wraps(view)
    def authorized(*args: Any, **kwargs: Any) -> Any:
        authorize(action)
        return view(*args, **kwargs)

    return authorized


def _reads_query(view: Any) -> bool:
    documented = getattr(view, "_apidoc", {}).get("arguments", {}).get("parameters", [])
    return any(parameter["in"] == "query" for parameter in documented)


def _without_parameters(view: View) -> View:
    @wraps(view)
    def strict(*args: Any, **kwargs: Any) -> Any:
        refuse_parameters()
        return view(*args, **kwargs)

    return strict
