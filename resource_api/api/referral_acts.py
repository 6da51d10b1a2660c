"""/referrals/{id}/claim, /messages, /appointments, /reassign, /split, /re-refer, /consent : what the sides do."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from flask import Response

from resource_api.api.alternatives import with_alternatives
from resource_api.api.authenticate import authorize
from resource_api.api.blueprint import Blueprint
from resource_api.api.context import keyring
from resource_api.api.described import acting, answered
from resource_api.api.retry import do_once, read_if_match
from resource_api.api.schemas.referral import StandingSchema
from resource_api.api.schemas.referral_acts import (
    AppointmentBody,
    ClaimBody,
    MessageBody,
    ReassignBody,
    ReReferBody,
    SplitBody,
    SplitSchema,
)
from resource_api.errors import NoCapacity, NotReachable

if TYPE_CHECKING:
    from resource_api.referrals.tables import Referral

blueprint = Blueprint("referral_acts", __name__, public=False)


@blueprint.route("/referrals/<uuid:id>/claim", methods=["POST"])
@blueprint.doc(**acting("referrals.claim", "claimReferral", 412))
@blueprint.arguments(ClaimBody, location="json")
@blueprint.response(200, StandingSchema, headers=answered())
def claim_referral(body: dict[str, Any], id: UUID) -> Response:
    """Take a referral out of the pool, for one of your services; only one organization can."""
    from resource_api.referrals.claim import claim

    grants = authorize("referrals.claim")
    now, known, service = datetime.now(UTC), read_if_match(), body.get("service_id")
    return do_once(
        grants,
        body,
        lambda session: claim(session, keyring(), grants, str(id), service_id=service, if_match=known, now=now),
        now=now,
    )


@blueprint.route("/referrals/<uuid:id>/messages", methods=["POST"])
@blueprint.doc(**acting("referrals.act", "sendReferralMessage"))
@blueprint.arguments(MessageBody, location="json")
@blueprint.response(200, StandingSchema, headers=answered())
def send_referral_message(body: dict[str, Any], id: UUID) -> Response:
    """Say something to the other side."""
    from resource_api.referrals.message import send_message

    grants = authorize("referrals.act")
    now = datetime.now(UTC)
    return do_once(
        grants, body, lambda session: send_message(session, keyring(), grants, str(id), body["text"], now=now), now=now
    )


@blueprint.route("/referrals/<uuid:id>/appointments", methods=["POST"])
@blueprint.doc(**acting("referrals.act", "setReferralAppointment", versioned=True))
@blueprint.arguments(AppointmentBody, location="json")
@blueprint.response(200, StandingSchema, headers=answered())
def set_referral_appointment(body: dict[str, Any], id: UUID) -> Response:
    """Say when the person is expected; the last one said holds."""
    from resource_api.referrals.message import Appointment, set_appointment

    grants = authorize("referrals.act")
    now, known = datetime.now(UTC), read_if_match()
    appointment = Appointment(body["start"], body.get("note"))
    return do_once(
        grants,
        body,
        lambda session: set_appointment(session, keyring(), grants, str(id), appointment, if_match=known, now=now),
        now=now,
    )


@blueprint.route("/referrals/<uuid:id>/reassign", methods=["POST"])
@blueprint.doc(**acting("referrals.act", "reassignReferral", versioned=True))
@blueprint.arguments(ReassignBody, location="json")
@blueprint.response(200, StandingSchema, headers=answered())
def reassign_referral(body: dict[str, Any], id: UUID) -> Response:
    """Give a referral that nobody has answered to somebody else."""
    from resource_api.api.schemas.read_referral import read_addressee, read_consent
    from resource_api.referrals.reassign import reassign

    grants = authorize("referrals.act")
    now, known = datetime.now(UTC), read_if_match()
    to, consent = read_addressee(body), read_consent(body.get("consent"))
    try:
        return do_once(
            grants,
            body,
            lambda session: reassign(session, keyring(), grants, str(id), to, consent, if_match=known, now=now),
            now=now,
        )
    except (NotReachable, NoCapacity) as error:
        raise with_alternatives(error, needs=(), need=to.need, place=to.place) from error


@blueprint.route("/referrals/<uuid:id>/re-refer", methods=["POST"])
@blueprint.doc(**acting("referrals.create", "referAgain"))
@blueprint.arguments(ReReferBody, location="json")
@blueprint.response(201, StandingSchema, headers=answered(created=True))
def refer_again(body: dict[str, Any], id: UUID) -> Response:
    """Refer the person of an ended referral elsewhere; what is not said is as it was."""
    from resource_api.api.schemas.read_referral import read_addressee, read_consent
    from resource_api.referrals.re_refer import re_refer

    grants = authorize("referrals.create")
    now, to, consent = datetime.now(UTC), read_addressee(body), read_consent(body.get("consent"))
    note, due = body.get("note"), body.get("respond_by")
    try:
        return do_once(
            grants,
            body,
            lambda session: re_refer(
                session, keyring(), grants, str(id), to, note=note, consent=consent, respond_by=due, now=now
            ),
            now=now,
            created=True,
        )
    except (NotReachable, NoCapacity) as error:
        raise with_alternatives(error, needs=(), need=to.need, place=to.place) from error


@blueprint.route("/referrals/<uuid:id>/split", methods=["POST"])
@blueprint.doc(**acting("referrals.create", "splitReferral"))
@blueprint.arguments(SplitBody, location="json")
@blueprint.response(200, SplitSchema, headers=answered())
def split(body: dict[str, Any], id: UUID) -> Response:
    """Send parts of a referral to others, as referrals of their own."""
    from resource_api.api.schemas.read_referral import read_part
    from resource_api.referrals.read import write_standing
    from resource_api.referrals.split import split_referral

    grants = authorize("referrals.create")
    now, parts = datetime.now(UTC), [read_part(part) for part in body["children"]]
    children: list[Referral] = []

    def act(session: Any) -> "Referral":
        parent, made = split_referral(session, keyring(), grants, str(id), parts, now=now)
        children.extend(made)
        return parent

    try:
        return do_once(
            grants,
            body,
            act,
            now=now,
            write=lambda parent: write_standing(parent) | {"children": [write_standing(each) for each in children]},
        )
    except (NotReachable, NoCapacity) as error:
        raise with_alternatives(error, needs=(), need=None, place=None) from error


@blueprint.route("/referrals/<uuid:id>/consent", methods=["DELETE"])
@blueprint.doc(**acting("referrals.act", "revokeReferralConsent", 422))
@blueprint.response(200, StandingSchema, headers=answered())
def revoke_referral_consent(id: UUID) -> Response:
    """Note that the person has taken the consent back: nobody else sees them from now on."""
    from resource_api.referrals.revoke import revoke_consent

    grants = authorize("referrals.act")
    now = datetime.now(UTC)
    return do_once(grants, {}, lambda session: revoke_consent(session, keyring(), grants, str(id), now=now), now=now)
