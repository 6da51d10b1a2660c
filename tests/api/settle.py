"""How generated requests come to be about what is there: most are given real ids, versions and services."""

from datetime import UTC, datetime, timedelta
from typing import Any, cast
from zlib import crc32

import schemathesis
from schemathesis.core.parameters import ParameterLocation as Location

from resource_api.access.policy import Action, Role
from tests.api.asked import NOUNS, Asked, headers_of, roles_for
from tests.referrals.world import CRADLE_SERVICE, PANTRY, PANTRY_SERVICE

# Of so many requests one stays as it was generated.
LEFT_ALONE = 4
_SERVED_AS = ("PUT", "PATCH", "DELETE")


def settle(case: schemathesis.Case, asked: Asked) -> dict[str, str]:
    """Give a request something to be about, wherever it is well-formed; get the headers to send it with.

    Who asks and what about is decided by the request itself, so that the same one is always the same.
    """
    draw = crc32(repr((case.path_parameters, case.query, case.body)).encode())
    role = _role_of(case, draw)
    noun = case.operation.path.strip("/").partition("/{")[0]
    if draw % LEFT_ALONE:
        _settle_path(case, asked, noun, role, draw // 7)
        if case.meta is None or case.meta.generation.mode.is_positive:
            _settle_body(case, asked, noun, draw // 11)
            _settle_version(case, asked, noun, role)
    return dict(headers_of(asked, role)) if role else {}


def _role_of(case: schemathesis.Case, draw: int) -> Role | None:
    action = case.operation.definition.raw.get("x-action")
    roles = roles_for(cast(Action, action)) if action else []
    return roles[draw % len(roles)] if roles else None


def _is_well_formed(case: schemathesis.Case, where: Location) -> bool:
    component = case.meta.components.get(where) if case.meta else None
    return component is None or component.mode.is_positive


def _settle_path(case: schemathesis.Case, asked: Asked, noun: str, role: Role | None, draw: int) -> None:
    name = next((name for name in ("id", "token") if name in (case.path_parameters or {})), None)
    act = case.operation.path.rpartition("/")[2]
    ids = (asked.ids.get(f"{noun}/{act}") if draw % 2 else None) or asked.ids_for(noun, role)
    if name and ids and _is_well_formed(case, Location.PATH):
        case.path_parameters[name] = ids[draw % len(ids)]


def _settle_body(case: schemathesis.Case, asked: Asked, noun: str, draw: int) -> None:
    if not isinstance(case.body, dict) or not _is_well_formed(case, Location.BODY):
        return
    if noun in NOUNS and case.operation.path == f"/{noun}/{{id}}":
        case.body = _as_served(case, asked, noun, draw)
    elif noun == "reply":
        case.body["code"] = asked.code
    elif case.operation.path.endswith("/transitions") and draw % 2:
        case.body = {"status": "cancelled", "reason": {"code": "no-longer-needed"}}
    elif noun == "referrals":
        case.body = _addressed(case.body, draw)


def _as_served(case: schemathesis.Case, asked: Asked, noun: str, draw: int) -> dict[str, Any]:
    """Replace with what is served but for some words, or change those."""
    served = asked.app.test_client().get(f"/{noun}/{case.path_parameters['id']}")
    if served.status_code != 200 or served.json is None:
        return case.body
    words = {name: value for name, value in case.body.items() if isinstance(served.json.get(name), str)}
    words = {name: value for name, value in words.items() if not name.endswith("id")}
    return {**(served.json if case.method == "PUT" else {}), **(words if draw % 2 else {})}


def _addressed(body: Any, draw: int) -> Any:
    """Address what is to be referred to somebody, at a time to come."""
    if isinstance(body, list):
        return [_addressed(each, draw + 1) for each in body]
    if not isinstance(body, dict):
        return body
    to: dict[str, Any] = {"service_id": (CRADLE_SERVICE, PANTRY_SERVICE)[draw % 2]}
    if draw % 3 == 0:
        to = {"need": "food-pantry", "place": "21215"}
    out = {name: _addressed(value, draw) for name, value in body.items()}
    if body.keys() & {"service_id", "service_at_location_id", "need", "place", "patient"} and "phone" not in body:
        for name in ("service_id", "service_at_location_id", "need", "place", "needs", "codes"):
            out.pop(name, None)
        out |= to
    later = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    out |= {name: later for name in ("respond_by", "until") if name in body}
    return out | ({"recipients": [PANTRY]} if "recipients" in body else {})


def _settle_version(case: schemathesis.Case, asked: Asked, noun: str, role: Role | None) -> None:
    """Say which version is there, where one may be said."""
    parameters = [p for p in case.operation.headers if p.name == "If-Match"]
    if not parameters or role is None or not _is_well_formed(case, Location.HEADER):
        return
    path = case.operation.path if case.operation.path.endswith("address") else f"/{noun}/{{id}}"
    url = path.replace("{id}", str(case.path_parameters["id"]))
    served = asked.app.test_client().get(url, headers=headers_of(asked, role))
    if served.status_code == 200 and "ETag" in served.headers:
        case.headers["If-Match"] = served.headers["ETag"]
        case.headers.pop("If-None-Match", None)
