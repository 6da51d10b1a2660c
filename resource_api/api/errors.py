"""HOW A REFUSAL READS: every error as an RFC 9457 problem: what is wrong, where, and what would be right.

https://www.rfc-editor.org/rfc/rfc9457
"""

import sqlite3
from dataclasses import dataclass
from typing import Any

import orjson
from flask import Flask, Response, g, request
from sqlalchemy.exc import DatabaseError, InterfaceError, OperationalError, TimeoutError
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from resource_api.api.context import language, settings
from resource_api.api.headers import route_template
from resource_api.api.problem_kinds import PROBLEMS, ProblemKind
from resource_api.errors import (
    AlreadyClaimed,
    AlreadyReferred,
    BadInput,
    BadQuery,
    Busy,
    Conflict,
    ConsentMissing,
    DatabaseNotReady,
    Gone,
    IllegalMove,
    KeyReused,
    NoCapacity,
    NotAllowed,
    NotAuthenticated,
    NotFound,
    NotFresh,
    NotReachable,
    ResourceError,
    Stale,
    TooMany,
    UnknownPlace,
)
from resource_api.postgres import find_fault

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = 5


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing wrong with one field, and what would be right."""

    field: str
    detail: str
    hint: str | None = None


# The first ancestor that is listed decides, so the more particular stand first.
_KIND_OF_ERROR: tuple[tuple[type[ResourceError], str], ...] = (
    (Gone, "gone"),
    (NotFound, "not-found"),
    (UnknownPlace, "unknown-place"),
    (BadQuery, "bad-query"),
    (DatabaseNotReady, "database-not-ready"),
    (Busy, "unavailable"),
    (NotAuthenticated, "unauthorized"),
    (NotAllowed, "forbidden"),
    (TooMany, "too-many-requests"),
    (Stale, "stale"),
    (NotFresh, "version-required"),
    (IllegalMove, "illegal-move"),
    (AlreadyReferred, "already-referred"),
    (NotReachable, "not-reachable"),
    (NoCapacity, "no-capacity"),
    (AlreadyClaimed, "already-claimed"),
    (Conflict, "conflict"),
    (ConsentMissing, "consent-missing"),
    (KeyReused, "idempotency-key-reused"),
    (BadInput, "bad-input"),
)
_KIND_OF_STATUS = {kind.status: kind for kind in reversed(PROBLEMS.values())}


class Problem(Exception):
    """A refusal that a view or the skin itself raises."""

    def __init__(
        self,
        slug: str,
        detail: str,
        *,
        errors: tuple[FieldError, ...] = (),
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.kind = PROBLEMS[slug]
        self.detail = detail
        self.errors = errors
        self.headers = headers or {}


def problem_type(slug: str) -> str:
    """Get the URL that names a kind of problem."""
    return f"{settings().public_url}/problems/{slug}"


def write_problem(
    kind: ProblemKind,
    detail: str,
    *,
    status: int | None = None,
    errors: tuple[FieldError, ...] = (),
    suggestions: tuple[str, ...] = (),
    headers: dict[str, str] | None = None,
    facts: dict[str, Any] | None = None,
) -> Response:
    """Write a problem as a response; `facts` are members of its own kind (RFC 9457, section 3.2)."""
    tongue = language()
    # What every problem has stands last: no fact of its own can take its place.
    body: dict[str, Any] = {
        **(facts or {}),
        "type": problem_type(kind.slug),
        "title": kind.title(tongue),
        "status": status or kind.status,
        "detail": detail,
        "request_id": g.get("request_id", ""),
    }
    if errors:
        body["errors"] = [{"field": e.field, "detail": e.detail} | ({"hint": e.hint} if e.hint else {}) for e in errors]
    if suggestions:
        body["suggestions"] = list(suggestions)
    response = Response(orjson.dumps(body), status=status or kind.status, content_type=MEDIA_TYPE)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Language"] = tongue
    if response.status_code == 503:
        response.headers["Retry-After"] = str(RETRY_SECONDS)
    for name, value in (headers or {}).items():
        response.headers[name] = value
    return response


def add_error_handlers(app: Flask) -> None:
    """Answer every error of an application with a problem."""
    app.register_error_handler(Problem, _write_refusal)
    app.register_error_handler(ResourceError, _write_domain_error)
    app.register_error_handler(HTTPException, _write_http_error)
    # Without its class from SQLAlchemy where a room speaks to SQLite's own cursor.
    for away in (OperationalError, InterfaceError, TimeoutError, sqlite3.OperationalError):
        app.register_error_handler(away, _write_database_error)
    for damaged in (DatabaseError, sqlite3.DatabaseError):
        app.register_error_handler(damaged, _write_damage)
    app.register_error_handler(Exception, _write_surprise)


def _write_refusal(error: Problem) -> Response:
    return write_problem(error.kind, error.detail, errors=error.errors, headers=error.headers)


def _write_domain_error(error: ResourceError) -> Response:
    slug = next((slug for kind, slug in _KIND_OF_ERROR if isinstance(error, kind)), None)
    if slug is None:
        return _write_surprise(error)
    errors = (FieldError(error.field, error.message, error.hint),) if error.field else ()
    detail = error.message if error.field or not error.hint else f"{error.message}: {error.hint}"
    near = error.near if isinstance(error, UnknownPlace) else ()
    facts = error.facts if isinstance(error, Conflict) else None
    return write_problem(
        PROBLEMS[slug], detail, errors=errors, suggestions=near, headers=_headers_of(error), facts=facts
    )


def _headers_of(error: ResourceError) -> dict[str, str]:
    if isinstance(error, TooMany):
        return {"Retry-After": str(error.retry_after)}
    return {"WWW-Authenticate": "Bearer"} if isinstance(error, NotAuthenticated) else {}


def _write_http_error(error: HTTPException) -> Response:
    """Write what Flask or werkzeug refused, keeping Allow, WWW-Authenticate and Retry-After."""
    if error.response is not None:
        return error.response  # type: ignore[return-value]  # abort(response) means exactly this response
    status = error.code or 500
    kind = _KIND_OF_STATUS.get(status) or _KIND_OF_STATUS[400 if status < 500 else 500]
    detail = error.description or kind.meaning
    if isinstance(error, MethodNotAllowed):
        detail = f"This URL answers to {', '.join(sorted(error.valid_methods or ()))}, not to {request.method[:20]}"
    elif status == 404:
        detail = f"There is nothing at {request.path[:200]}; {settings().public_url}/docs lists every URL"
    headers = {name: value for name, value in error.get_headers() if name.lower() != "content-type"}
    return write_problem(kind, detail, status=status, headers=headers)


def _write_database_error(error: Exception) -> Response:
    _log_fault(error)
    if find_fault(error) == "busy":
        return write_problem(PROBLEMS["unavailable"], "The database is busy, and nothing was written")
    return write_problem(PROBLEMS["database-not-ready"], "The database did not answer")


def _write_damage(error: Exception) -> Response:
    """Write that the database is damaged or away; other kinds of that error that have a name are faults of ours."""
    known = type(error) in (DatabaseError, sqlite3.DatabaseError) or find_fault(error) is not None
    return _write_database_error(error) if known else _write_surprise(error)


def _write_surprise(error: Exception) -> Response:
    _log_fault(error)
    return write_problem(PROBLEMS["internal-error"], PROBLEMS["internal-error"].meaning)


def _log_fault(error: Exception) -> None:
    from resource_api.logs import log_fault

    log_fault(error, route=route_template(), request_id=g.get("request_id", ""), level=settings().log_level)
