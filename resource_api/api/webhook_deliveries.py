"""/webhook-deliveries : what was sent, what was given up, and the same once more."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from flask import Response

from resource_api.access.policy import Grants
from resource_api.api.blueprint import Blueprint
from resource_api.api.context import session, writing
from resource_api.api.described import granted
from resource_api.api.private import answer_private
from resource_api.api.refusals import refusals
from resource_api.api.schemas.delivery import (
    DeliveriesArgs,
    DeliveriesSchema,
    QueuedSchema,
    ReplayBody,
    ReplayedSchema,
)

if TYPE_CHECKING:
    from resource_api.delivery.tables import Delivery

MOST_REPLAYED = 1_000

blueprint = Blueprint("webhook_deliveries", __name__, public=False)


@blueprint.route("/webhook-deliveries")
@granted("webhooks.manage")
@blueprint.doc(operationId="listWebhookDeliveries", tags=["delivery"], responses=refusals(401, 403))
@blueprint.arguments(DeliveriesArgs)
@blueprint.response(200, DeliveriesSchema)
def list_webhook_deliveries(args: dict[str, Any], grants: Grants) -> Response:
    """List the deliveries to this client's webhooks, the oldest first."""
    from resource_api.delivery.replay import Wanted, list_deliveries

    states = (args["state"],) if "state" in args else ()
    wanted = Wanted(grants, states, args.get("webhook_id"))
    limit = args["limit"]
    found = list_deliveries(session(), wanted, after=args.get("cursor"), limit=limit + 1)
    page = {
        "deliveries": [_write(delivery) for delivery in found[:limit]],
        "next_cursor": found[limit - 1].id if len(found) > limit else None,
    }
    return answer_private(page)


@blueprint.route("/webhook-deliveries/<id>/replay", methods=["POST"])
@granted("webhooks.manage")
@blueprint.doc(operationId="replayWebhookDelivery", tags=["delivery"], responses=refusals(401, 403, 404, 409))
@blueprint.response(202, QueuedSchema)
def replay_webhook_delivery(id: str, grants: Grants) -> Response:
    """Send one delivery once more, under the same webhook-id."""
    from resource_api.delivery.replay import Wanted, replay_one

    now = datetime.now(UTC)
    with writing() as writer:
        replay_one(writer, Wanted(grants), id, grants.caller.agent, now=now)
        writer.commit()
    return answer_private({"delivery_id": id}, 202)


@blueprint.route("/webhook-deliveries/replay", methods=["POST"])
@granted("webhooks.manage")
@blueprint.doc(operationId="replayDeadWebhookDeliveries", tags=["delivery"], responses=refusals(401, 403))
@blueprint.arguments(ReplayBody, location="json")
@blueprint.response(202, ReplayedSchema)
def replay_dead_webhook_deliveries(body: dict[str, Any], grants: Grants) -> Response:
    """Send dead deliveries once more, a thousand at a time."""
    from resource_api.delivery.replay import Wanted, replay_dead

    now = datetime.now(UTC)
    wanted = Wanted(grants, (), body.get("webhook_id"), body.get("since"), body.get("until"))
    with writing() as writer:
        replayed = replay_dead(writer, wanted, grants.caller.agent, now=now, limit=MOST_REPLAYED)
        writer.commit()
    return answer_private({"replayed": replayed, "more": replayed == MOST_REPLAYED}, 202)


def _write(delivery: "Delivery") -> dict[str, Any]:
    return {
        "id": delivery.id,
        "webhook_id": delivery.endpoint_id,
        "type": delivery.type,
        "referral_id": delivery.referral_id,
        "seq": delivery.seq,
        "version": delivery.version,
        "state": delivery.state,
        "reason": delivery.reason,
        "attempts": delivery.attempts,
        "last_status": delivery.last_status,
        "created_at": delivery.created_at,
        "next_at": delivery.next_at if delivery.state == "pending" else None,
        "delivered_at": delivery.delivered_at,
        "replayed_at": delivery.replayed_at,
    }
