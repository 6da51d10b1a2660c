"""/referrals, /referrals/{id}, /referrals/search : send somebody, see how it stands, find it again."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson
from flask import Response
from flask.views import MethodView
from sqlalchemy.orm import Session

from resource_api.access.policy import Grants
from resource_api.api.alternatives import with_alternatives
from resource_api.api.authenticate import authorize
from resource_api.api.blueprint import Blueprint
from resource_api.api.context import keyring, writing
from resource_api.api.cursor import read_cursor, write_cursor
from resource_api.api.described import acting, answered, reading
from resource_api.api.errors import FieldError, Problem
from resource_api.api.retry import audit_denial, do_once, read_if_match
from resource_api.api.schemas.referral import (
    PatchBody,
    ReferralBody,
    ReferralSchema,
    StandingSchema,
    TransitionBody,
)
from resource_api.api.schemas.referral_lists import ReferralListArgs, ReferralPageSchema, ReferralSearchBody
from resource_api.errors import BadInput, NoCapacity, NotFound, NotReachable

if TYPE_CHECKING:
    from resource_api.referrals.create import Ready
    from resource_api.referrals.find import ReferralQuery
    from resource_api.referrals.referral import Identifier
    from resource_api.referrals.tables import Referral

blueprint = Blueprint("referrals", __name__, public=False)
# What leads through a list, and does not say what is in it.
_NO_FILTERS = ("cursor", "per_page", "lang")


@blueprint.route("/referrals")
class Referrals(MethodView):
    """The referrals that the caller may list."""

    @blueprint.doc(**acting("referrals.create", "createReferral"))
    @blueprint.arguments(ReferralBody, location="json")
    @blueprint.response(201, StandingSchema, headers=answered(created=True))
    def post(self, body: dict[str, Any]) -> Response:
        """Send somebody to a service, or to whoever answers a need at a place."""
        from resource_api.api.schemas.read_referral import read_new
        from resource_api.referrals.create import ready_referral, write_referral

        grants = authorize("referrals.create")
        now, new = datetime.now(UTC), read_new(body)
        checked: list[Ready] = []

        def get_ready(session: Session) -> "Referral":
            checked.append(ready_referral(session, keyring(), grants, new, now=now))
            return checked[0].referral

        try:
            return do_once(
                grants,
                body,
                lambda session: write_referral(session, grants, checked[0], now=now),
                now=now,
                created=True,
                ready=get_ready,
            )
        except (NotReachable, NoCapacity) as error:
            raise with_alternatives(error, needs=new.needs, need=new.to.need, place=new.to.place) from error

    @blueprint.doc(**reading("referrals.read", "listReferrals"))
    @blueprint.arguments(ReferralListArgs)
    @blueprint.response(200, ReferralPageSchema)
    def get(self, args: dict[str, Any]) -> Response:
        """List referrals, a page at a time."""
        from resource_api.referrals.find import ReferralQuery

        grants = authorize("referrals.read")
        query = ReferralQuery(
            status=tuple(args.get("status", ())),
            need=args.get("need"),
            organization_id=args.get("organization_id"),
            identifier=_read_identifier(args.get("identifier")),
            updated_after=args.get("updated_after"),
            overdue=args.get("overdue"),
            limit=args["per_page"],
        )
        return _list(grants, query, args, "referral.list")


@blueprint.route("/referrals/search", methods=["POST"])
@blueprint.doc(**reading("referrals.read", "findReferralsOfPerson"))
@blueprint.arguments(ReferralSearchBody, location="json")
@blueprint.response(200, ReferralPageSchema)
def find_referrals_of_person(body: dict[str, Any]) -> Response:
    """Find a person's referrals, with nothing of the person in a URL."""
    from resource_api.api.schemas.read_referral import read_identifier
    from resource_api.referrals.find import ReferralQuery, person_key

    grants = authorize("referrals.read")
    person = person_key(
        identifier=read_identifier(body.get("identifier")), phone=body.get("phone"), email=body.get("email")
    )
    if not person:
        raise BadInput("Nobody is looked for", field="identifier", hint="an identifier, a phone or an email")
    return _list(grants, ReferralQuery(person=person, limit=body["per_page"]), body, "referral.search")


@blueprint.route("/referrals/<uuid:id>")
class OneReferral(MethodView):
    """One referral."""

    @blueprint.doc(**reading("referrals.read", "getReferral", 404))
    @blueprint.response(200, ReferralSchema, headers=answered())
    def get(self, id: UUID) -> Response:
        """Show a referral, as much of it as the caller may see."""
        from resource_api.referrals.read import read_referral

        grants = authorize("referrals.read")
        now = datetime.now(UTC)
        with writing() as session:
            referral = find_audited(session, grants, id, now=now)
            body = read_referral(session, keyring(), grants, referral, now=now)
            session.commit()
        return answer_privately(body, version=body.get("version"))

    @blueprint.doc(**acting("referrals.act", "patchReferral", versioned=True))
    @blueprint.arguments(PatchBody, location="json")
    @blueprint.response(200, StandingSchema, headers=answered())
    def patch(self, body: dict[str, Any], id: UUID) -> Response:
        """Correct how to reach the person, or when an answer is due."""
        from resource_api.api.schemas.read_referral import read_patch
        from resource_api.referrals.patch import patch_referral

        grants = authorize("referrals.act")
        now, known, patch = datetime.now(UTC), read_if_match(), read_patch(body)
        return do_once(
            grants,
            body,
            lambda session: patch_referral(session, keyring(), grants, str(id), patch, if_match=known, now=now),
            now=now,
        )


@blueprint.route("/referrals/<uuid:id>/transitions", methods=["POST"])
@blueprint.doc(**acting("referrals.act", "moveReferral", versioned=True))
@blueprint.arguments(TransitionBody, location="json")
@blueprint.response(200, StandingSchema, headers=answered())
def move_referral(body: dict[str, Any], id: UUID) -> Response:
    """Move a referral to another state."""
    from resource_api.api.schemas.read_referral import read_transition
    from resource_api.referrals.transition import move

    grants = authorize("referrals.act")
    now, known, transition = datetime.now(UTC), read_if_match(), read_transition(body)
    return do_once(
        grants,
        body,
        lambda session: move(session, keyring(), grants, str(id), transition, if_match=known, now=now),
        now=now,
    )


def find_audited(session: Session, grants: Grants, id: UUID, *, now: datetime) -> "Referral":
    """Get a referral that is to be looked at; where there is none that the caller may know of, the try is audited."""
    from resource_api.referrals.visible import get_visible

    try:
        return get_visible(session, grants, str(id))
    except NotFound as error:
        session.rollback()
        audit_denial(grants, error, now=now)
        raise


def answer_privately(body: dict[str, Any], *, version: int | None = None) -> Response:
    """Answer with what nobody in between may keep."""
    response = Response(orjson.dumps(body), mimetype="application/json")
    response.headers["Cache-Control"] = "no-store"
    if version is not None:
        response.headers["ETag"] = f'"{version}"'
    return response


def _list(grants: Grants, query: "ReferralQuery", args: dict[str, Any], what: str) -> Response:
    from resource_api.referrals.find import find_referrals
    from resource_api.referrals.read import read_referrals

    now, filters = datetime.now(UTC), {name: value for name, value in args.items() if name not in _NO_FILTERS}
    if "cursor" in args:
        since, id = read_cursor(keyring(), grants.caller, filters, args["cursor"])
        query = replace(query, after=(datetime.fromisoformat(str(since)), str(id)))
    with writing() as session:
        page = find_referrals(session, keyring(), grants, query, now=now)
        contents = read_referrals(session, keyring(), grants, page.referrals, what=what, now=now)
        session.commit()
    body: dict[str, Any] = {"contents": contents}
    if page.more:
        last = page.referrals[-1]
        body["next"] = write_cursor(keyring(), grants.caller, filters, [last.updated_at.isoformat(), last.id])
    return answer_privately(body)


def _read_identifier(text: str | None) -> "Identifier | None":
    from resource_api.referrals.referral import Identifier

    if text is None:
        return None
    system, bar, value = text.rpartition("|")
    if not bar or not system or not value:
        raise Problem(
            "invalid-arguments",
            "`identifier` is not `system|value`",
            errors=(FieldError("identifier", "is not `system|value`", "for example `urn:order|A-17`"),),
        )
    return Identifier(system, value)
