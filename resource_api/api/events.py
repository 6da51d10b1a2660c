"""GET /events, /referrals/{id}/events : what has happened, to all that the caller may know of, and to one referral.

The feed is thin, and makes any notice that was missed recoverable: ask from where the last answer ended.
"""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from flask import Response

from resource_api.api.authenticate import authorize
from resource_api.api.blueprint import Blueprint
from resource_api.api.context import keyring, session, writing
from resource_api.api.described import reading
from resource_api.api.referrals import answer_privately, find_audited
from resource_api.api.schemas.referral_lists import EventsArgs, FeedSchema, HistorySchema

blueprint = Blueprint("events", __name__, public=False)


@blueprint.route("/events")
@blueprint.doc(**reading("events.read", "listEvents"))
@blueprint.arguments(EventsArgs)
@blueprint.response(200, FeedSchema)
def list_events(args: dict[str, Any]) -> Response:
    """List what has happened since a cursor, in order; nothing in it is secret."""
    from resource_api.referrals.events import read_feed
    from resource_api.referrals.read import write_thin_event

    grants = authorize("events.read")
    feed = read_feed(session(), grants, after=args.get("after") or None, limit=args["limit"])
    return answer_privately({"events": [write_thin_event(event) for event in feed.events], "after": feed.after})


@blueprint.route("/referrals/<uuid:id>/events")
@blueprint.doc(**reading("referrals.read", "listReferralEvents", 404))
@blueprint.response(200, HistorySchema)
def list_referral_events(id: UUID) -> Response:
    """List all that happened to one referral, as far as the caller may know."""
    from resource_api.referrals.events import read_history
    from resource_api.referrals.read import write_events

    grants = authorize("referrals.read")
    now = datetime.now(UTC)
    with writing() as open_session:
        referral = find_audited(open_session, grants, id, now=now)
        events = read_history(open_session, grants, referral)
        written = write_events(open_session, keyring(), grants, referral, events, now=now)
        open_session.commit()
    return answer_privately({"events": written})
