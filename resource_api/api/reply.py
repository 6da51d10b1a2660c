"""/reply/{token} : one referral, answered by whoever holds the address that it was sent to.

The link alone shows what is needed, who sent it and until when; who the person is, and any answer, takes a code that
is sent to that same address. Whoever has the link may ask for codes, so they are rated.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import wraps
from typing import TYPE_CHECKING, Any

from flask import Response, g
from sqlalchemy.orm import Session

from resource_api.access.policy import Action, Grants, decide
from resource_api.api.blueprint import Blueprint
from resource_api.api.context import keyring, writing
from resource_api.api.context import session as reading
from resource_api.api.private import answer_private
from resource_api.api.refusals import refusals
from resource_api.api.schemas.delivery import CodeBody, ReplySchema, ReplyTransitionBody
from resource_api.api.schemas.referral import ReferralSchema, StandingSchema
from resource_api.errors import NotAllowed

if TYPE_CHECKING:
    from resource_api.delivery.tables import ReferralAddress, ReplyLink
    from resource_api.referrals.tables import Referral

# Codes for one link within an hour: with five tries each, guessing one takes years.
CODES = 5
CODE_WINDOW_S = 3_600

blueprint = Blueprint("reply", __name__, public=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """A link that was followed: whose it is, and which referral it leads to."""

    session: Session
    link: "ReplyLink"
    address: "ReferralAddress"
    now: datetime

    def grants(self, action: Action) -> Grants:
        """Say what the holder of the address may do."""
        from resource_api.delivery.reply import caller_of

        return decide(caller_of(self.link, self.address, request_id=g.get("request_id")), action)

    def referral(self) -> "Referral":
        """Get the referral. Raises NotFound where it is no longer this organization's."""
        from resource_api.referrals.visible import get_visible

        return get_visible(self.session, self.grants("referrals.read"), self.link.referral_id)


def followed(view: Callable[..., Response]) -> Any:
    """Look for the link before a body is read: whoever has none is told of nothing else."""

    @wraps(view)
    def following(*args: Any, token: str) -> Response:
        from resource_api.delivery.reply import open_link

        open_link(reading(), keyring(), token, now=datetime.now(UTC))
        return view(*args, token=token)

    return following


@blueprint.route("/reply/<token>")
@blueprint.doc(operationId="getReply", tags=["delivery"], responses=refusals(404))
@blueprint.response(200, ReplySchema)
def show_reply(token: str) -> Response:
    """Show what is needed, who sent it, and until when an answer is due; nothing of the person."""
    from resource_api.access.tables import Participant

    with writing() as session:
        reply = _follow(session, token)
        referral = reply.referral()
        sender = session.get(Participant, referral.requester_id)
        body = {
            "needs": [referral.need] if referral.need else referral.needs.split(),
            "sender": sender.name if sender else None,
            "organization": session.get_one(Participant, reply.address.participant_id).name,
            "respond_by": referral.respond_by,
            "language": reply.address.language,
        }
    return answer_private(body)


@blueprint.route("/reply/<token>/code", methods=["POST"])
@blueprint.doc(operationId="sendReplyCode", tags=["delivery"], responses=refusals(404, 429))
@blueprint.response(202)
def send_reply_code(token: str) -> Response:
    """Send a six-digit code to the address that the link was sent to."""
    from resource_api.access.rate import count
    from resource_api.delivery.reply import send_code

    with writing() as session:
        reply = _follow(session, token)
        reply.referral()
        count(session, f"code:{reply.link.id}", limit=CODES, window_s=CODE_WINDOW_S, now=reply.now)
        send_code(session, keyring(), reply.link, now=reply.now)
        session.commit()
    return answer_private(status=202)


@blueprint.route("/reply/<token>/referral", methods=["POST"])
@followed
@blueprint.doc(operationId="readReferralByReply", tags=["delivery"], responses=refusals(403, 404))
@blueprint.arguments(CodeBody, location="json")
@blueprint.response(200, ReferralSchema)
def read_by_reply(body: dict[str, Any], token: str) -> Response:
    """Show the referral with the person, for the code that was sent."""
    from resource_api.referrals.read import read_referral

    def read(reply: Reply) -> Any:
        grants = reply.grants("referrals.read")
        return read_referral(reply.session, keyring(), grants, reply.referral(), now=reply.now)

    return answer_private(_with_code(token, body["code"], read))


@blueprint.route("/reply/<token>/transitions", methods=["POST"])
@followed
@blueprint.doc(operationId="moveReferralByReply", tags=["delivery"], responses=refusals(403, 404, 409))
@blueprint.arguments(ReplyTransitionBody, location="json")
@blueprint.response(200, StandingSchema)
def move_by_reply(body: dict[str, Any], token: str) -> Response:
    """Move the referral to another state, for the code that was sent."""
    from resource_api.api.schemas.read_referral import read_transition
    from resource_api.referrals.read import write_standing
    from resource_api.referrals.transition import move
    from resource_api.referrals.visible import get_visible

    transition = read_transition(body)

    def answer(reply: Reply) -> Any:
        grants, referral_id = reply.grants("referrals.act"), reply.link.referral_id
        # Who has just read it on a page knows no version: the state table alone decides.
        referral = get_visible(reply.session, grants, referral_id, for_update=True)
        known = referral.version
        moved = move(reply.session, keyring(), grants, referral_id, transition, if_match=known, now=reply.now)
        return write_standing(moved)

    return answer_private(_with_code(token, body["code"], answer))


def _follow(session: Session, token: str) -> Reply:
    from resource_api.delivery.reply import open_link

    now = datetime.now(UTC)
    return Reply(session, *open_link(session, keyring(), token, now=now, for_update=True), now)


def _with_code(token: str, code: str, act: Callable[[Reply], Any]) -> Any:
    """Do something for the right code; a wrong one is counted before it is refused."""
    from resource_api.delivery.reply import check_code

    with writing() as session:
        reply = _follow(session, token)
        right = check_code(session, keyring(), reply.link, reply.address, code, now=reply.now)
        done = act(reply) if right else None
        session.commit()
    if not right:
        raise NotAllowed("This code is wrong, or too old, or was tried too often", hint="ask for a new one")
    return done
