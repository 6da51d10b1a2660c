"""WHO IS ASKING: the bearer token of this request, and what the policy lets its client do."""

import re
from datetime import UTC, datetime
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any, cast

from flask import g, request

from resource_api.access.policy import Action, Caller, Grants, decide, scope_for
from resource_api.api.context import database, keyring, session, writing
from resource_api.errors import NotAllowed, NotAuthenticated
from resource_api.privacy.audit import record

# Failures of one address that are looked at within a minute; after that it waits.
FAILURES = 60
FAILURE_WINDOW_S = 60
EMBED_KEY = "X-Embed-Key"
# Under this name the documentation says which action an operation is about.
GUARD = "x-action"
_BEARER = re.compile(r"Bearer ([A-Za-z0-9._~+/=-]{20,200})", re.IGNORECASE)


def needs(action: Action) -> list[dict[str, list[str]]]:
    """Document that an operation needs a token for an action."""
    return [{"token": [scope_for(action)]}]


def guarded(action: Action) -> dict[str, Any]:
    """Document that an operation is about an action; it is then authorized before anything of the request is read."""
    return {"security": needs(action), GUARD: action}


def authorize(action: Action) -> Grants:
    """Tell what this request's caller may do about an action.

    Raises NotAuthenticated, NotAllowed (which is audited), or TooMany where this address failed too often.
    """
    if "grants" in g and g.grants.action == action:
        return cast(Grants, g.grants)
    if EMBED_KEY in request.headers:
        raise NotAllowed("An embed key opens the directory, and nothing else", hint=f"leave {EMBED_KEY} out")
    now = datetime.now(UTC)
    caller = _authenticate(now)
    try:
        g.grants = decide(caller, action)
    except NotAllowed:
        with writing() as writer:
            record(writer, caller.agent, "E", action, now=now, outcome="denied", reason="policy")
            writer.commit()
        raise
    return cast(Grants, g.grants)


def check_failures(now: datetime) -> None:
    """Refuse an address that failed to authenticate too often. Raises TooMany."""
    from resource_api.access.rate import check_rate

    with database().read() as reader:
        check_rate(reader, f"failed:{network()}", limit=FAILURES, window_s=FAILURE_WINDOW_S, now=now)


def count_failure(now: datetime) -> None:
    """Count one more failure to authenticate from this address. Raises TooMany."""
    from resource_api.access.rate import count

    with writing() as writer:
        count(writer, f"failed:{network()}", limit=FAILURES, window_s=FAILURE_WINDOW_S, now=now)
        writer.commit()


def _authenticate(now: datetime) -> Caller:
    if "Authorization" not in request.headers:
        raise NotAuthenticated("This needs a token", hint="Authorization: Bearer …, from /oauth/token")
    from resource_api.access.token import authenticate

    shown = _BEARER.fullmatch(request.headers["Authorization"])
    try:
        if shown is None:
            raise NotAuthenticated("Authorization holds no bearer token", hint="Authorization: Bearer …")
        return authenticate(session(), keyring(), shown[1], request_id=g.get("request_id"), now=now)
    except NotAuthenticated:
        check_failures(now)
        count_failure(now)
        raise


def network() -> str:
    """Name the network that asks: an address, or of IPv6 the /64 that one subscriber has."""
    try:
        address = ip_address(request.remote_addr or "")
    except ValueError:
        return "unknown"
    return str(ip_network((address, 64), strict=False)) if isinstance(address, IPv6Address) else str(address)
