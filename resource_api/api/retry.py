"""HOW A RETRY IS SAFE: a write under an Idempotency-Key is done once, and its answer is given again.

Only what was done is kept: a refusal or a fault leaves nothing behind, so the same key may try again. Acts of one
transaction: what was done, its answer under the key, the deliveries and the audit row stand or fall together.
"""

import re
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson
from flask import Response, request
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from resource_api.access.policy import Grants
from resource_api.api.context import keyring, session, settings, writing
from resource_api.api.headers import route_template
from resource_api.errors import BadInput, Conflict, NotAllowed, NotFound, ResourceError, Stale
from resource_api.privacy.audit import record

if TYPE_CHECKING:
    from resource_api.referrals.replay import Answer, Retry
    from resource_api.referrals.tables import Referral

Act = Callable[[Session], "Referral"]
Write = Callable[["Referral"], dict[str, Any]]
MOST_KEY = 255
_KEY = re.compile(rf"[\x21-\x7e]{{1,{MOST_KEY}}}")
_ETAG = re.compile(r'(?:W/)?"([0-9]{1,9})"')


def do_once(
    grants: Grants,
    args: Any,
    act: Act,
    *,
    now: datetime,
    created: bool = False,
    write: Write | None = None,
    ready: Act | None = None,
) -> Response:
    """Do an act, commit it, and answer how the referral stands now; or give the answer that its key had before.

    `write` says how it stands, where that is not all. `ready` does what needs no turn to write, and gets the referral
    as it will stand: writers go one after another, and should not wait for any of it.

    A refusal that names no fault of the request itself may come of the same request's twin, which was first: then the
    twin's answer is given.
    """
    from resource_api.referrals.read import write_standing
    from resource_api.referrals.replay import answer_row, find_answer, keep_answer

    retry, write = _read_retry(args), write or write_standing
    try:
        if ready is None:
            return _do(grants, retry, act, now=now, created=created, write=write)
        known = find_answer(session(), keyring(), grants, retry, now=now) if retry is not None else None
        if known is not None:
            return _write(known, replayed=True)
        referral = ready(session())
        answer = _answer(referral, write, created=created)
        row = None if retry is None else answer_row(keyring(), grants, retry, referral, answer, now=now)
        with writing() as writer:
            act(writer)
            if row is not None:  # a twin that was quicker since the look collides here
                keep_answer(writer, row)
            writer.commit()
        return _write(answer)
    except (Conflict, Stale, IntegrityError) as error:
        twin = _find_twin(grants, retry, now=now)
        if twin is None:
            if isinstance(error, IntegrityError):
                raise Conflict("Somebody else wrote at the same moment", hint="try again") from error
            raise
        return _write(twin, replayed=True)
    except (NotAllowed, NotFound) as error:
        audit_denial(grants, error, now=now)
        raise


def read_if_match() -> int | None:
    """Read If-Match as the version that the caller knows; `*` names none. Raises BadInput where it is no ETag."""
    given = request.headers.get("If-Match", "*").strip()
    if given == "*":
        return None
    read = _ETAG.fullmatch(given)
    if read is None:
        raise BadInput(
            "If-Match is no ETag of a referral", field="If-Match", hint='one such as "3", as it was last read'
        )
    return int(read[1])


def _do(grants: Grants, retry: "Retry | None", act: Act, *, now: datetime, created: bool, write: Write) -> Response:
    """Look for an answer, act and keep the answer in one transaction."""
    from resource_api.referrals.replay import answer_row, find_answer, keep_answer

    with writing() as writer:
        if retry is not None:
            known = find_answer(writer, keyring(), grants, retry, now=now, make_room=True)
            if known is not None:
                return _write(known, replayed=True)
        referral = act(writer)
        answer = _answer(referral, write, created=created)
        if retry is not None:
            keep_answer(writer, answer_row(keyring(), grants, retry, referral, answer, now=now))
        writer.commit()
    return _write(answer)


def _find_twin(grants: Grants, retry: "Retry | None", *, now: datetime) -> "Answer | None":
    from resource_api.referrals.replay import find_answer

    if retry is None:
        return None
    with writing() as writer:
        answer = find_answer(writer, keyring(), grants, retry, now=now, make_room=True)
        writer.commit()
        return answer


def _answer(referral: "Referral", write: Write, *, created: bool) -> "Answer":
    from resource_api.referrals.replay import Answer

    headers = {"ETag": f'"{referral.version}"'}
    if created:
        headers["Location"] = f"{settings().public_url}/referrals/{referral.id}"
    return Answer(201 if created else 200, headers, orjson.dumps(write(referral)))


def _write(answer: "Answer", *, replayed: bool = False) -> Response:
    response = Response(answer.body, status=answer.status, mimetype="application/json")
    response.headers.update(answer.headers)
    response.headers["Cache-Control"] = "no-store"
    if replayed:
        response.headers["Idempotent-Replayed"] = "true"
    return response


def _read_retry(args: Any) -> "Retry | None":
    from resource_api.referrals.replay import read_retry

    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not _KEY.fullmatch(key):
        raise BadInput(
            f"An Idempotency-Key is 1 to {MOST_KEY} visible ASCII characters", field="Idempotency-Key", hint="a UUID"
        )
    # The path too: the same key for another referral asks for something else.
    asked = orjson.dumps([request.method, request.path, args], option=orjson.OPT_SORT_KEYS)
    return read_retry(keyring(), route=f"{request.method} {route_template()}", key=key, asked=asked)


def audit_denial(grants: Grants, error: ResourceError, *, now: datetime) -> None:
    """Audit that a caller was refused a referral."""
    ids = [str(id) for name, id in (request.view_args or {}).items() if name == "id"]
    reason = "not-found" if isinstance(error, NotFound) else "not-allowed"
    with writing() as writer:
        agent = grants.caller.agent
        record(writer, agent, "E", grants.action, now=now, kind="referral", ids=ids, outcome="denied", reason=reason)
        writer.commit()
