"""/webhooks : which URLs are told of what happens, how it is signed, and whether they answer."""

from datetime import UTC, datetime
from typing import Any

from flask import Response
from flask.views import MethodView

from resource_api.api.authenticate import authorize
from resource_api.api.blueprint import Blueprint
from resource_api.api.context import egress, keyring, session, settings, writing
from resource_api.api.private import answer_private
from resource_api.api.refusals import refusals
from resource_api.api.schemas.delivery import (
    NewWebhookSchema,
    QueuedSchema,
    WebhookBody,
    WebhookSchema,
    WebhooksSchema,
)
from resource_api.delivery import endpoint as endpoints
from resource_api.delivery.sign import SigningKey
from resource_api.delivery.tables import Endpoint
from resource_api.errors import BadInput, Refused

blueprint = Blueprint("webhooks", __name__, public=False)


@blueprint.route("/webhooks")
class Webhooks(MethodView):
    """The webhooks of the client that asks."""

    @blueprint.doc(operationId="registerWebhook", tags=["delivery"], responses=refusals(401, 403, 409))
    @blueprint.arguments(WebhookBody, location="json")
    @blueprint.response(201, NewWebhookSchema)
    def post(self, body: dict[str, Any]) -> Response:
        """Register a webhook; its secret is shown this once."""
        grants, now = authorize("webhooks.manage"), datetime.now(UTC)
        try:
            egress().check_url(body["url"])
        except Refused as error:
            raise BadInput(error.message, field="url", hint=error.hint or "a public https URL") from error
        with writing() as writer:
            made, key = endpoints.register_endpoint(writer, keyring(), grants, now=now, **body)
            writer.commit()
        location = f"{settings().public_url}/webhooks/{made.id}"
        return answer_private(_write(made) | _write_key(key), 201, Location=location)

    @blueprint.doc(operationId="listWebhooks", tags=["delivery"], responses=refusals(401, 403))
    @blueprint.response(200, WebhooksSchema)
    def get(self) -> Response:
        """List this client's webhooks."""
        grants = authorize("webhooks.manage")
        return answer_private({"webhooks": [_write(one) for one in endpoints.list_endpoints(session(), grants)]})


@blueprint.route("/webhooks/<id>")
class OneWebhook(MethodView):
    """One webhook."""

    @blueprint.doc(operationId="getWebhook", tags=["delivery"], responses=refusals(401, 403, 404))
    @blueprint.response(200, WebhookSchema)
    def get(self, id: str) -> Response:
        """Show a webhook."""
        grants = authorize("webhooks.manage")
        return answer_private(_write(endpoints.get_endpoint(session(), grants, id)))

    @blueprint.doc(operationId="removeWebhook", tags=["delivery"], responses=refusals(401, 403, 404))
    @blueprint.response(204)
    def delete(self, id: str) -> Response:
        """Remove a webhook; what is queued for it is cancelled."""
        grants, now = authorize("webhooks.manage"), datetime.now(UTC)
        with writing() as writer:
            endpoints.remove_endpoint(writer, grants, id, now=now)
            writer.commit()
        return answer_private(status=204)


@blueprint.route("/webhooks/<id>/test", methods=["POST"])
@blueprint.doc(operationId="testWebhook", tags=["delivery"], responses=refusals(401, 403, 404, 409))
@blueprint.response(202, QueuedSchema)
def test_webhook(id: str) -> Response:
    """Send a webhook a signed test call, of the type `endpoint.test`."""
    grants, now = authorize("webhooks.manage"), datetime.now(UTC)
    with writing() as writer:
        delivery_id = endpoints.call_test(writer, grants, id, now=now)
        writer.commit()
    return answer_private({"delivery_id": delivery_id}, 202)


@blueprint.route("/webhooks/<id>/rotate", methods=["POST"])
@blueprint.doc(operationId="rotateWebhookKey", tags=["delivery"], responses=refusals(401, 403, 404))
@blueprint.response(200, NewWebhookSchema)
def rotate_webhook(id: str) -> Response:
    """Give a webhook a new key; for a day the one before signs too."""
    grants, now = authorize("webhooks.manage"), datetime.now(UTC)
    with writing() as writer:
        endpoint, key = endpoints.rotate_key(writer, keyring(), grants, id, now=now)
        writer.commit()
    return answer_private(_write(endpoint) | _write_key(key))


@blueprint.route("/webhooks/<id>/enable", methods=["POST"])
@blueprint.doc(operationId="enableWebhook", tags=["delivery"], responses=refusals(401, 403, 404))
@blueprint.response(200, WebhookSchema)
def enable_webhook(id: str) -> Response:
    """Take up a webhook again that was disabled; what was parked is sent, in its order."""
    grants, now = authorize("webhooks.manage"), datetime.now(UTC)
    with writing() as writer:
        endpoint = endpoints.enable_endpoint(writer, grants, id, now=now)
        writer.commit()
    return answer_private(_write(endpoint))


def _write(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "id": endpoint.id,
        "url": endpoint.url,
        "types": endpoint.types.split(),
        "signing": endpoint.signing,
        "test": endpoint.test,
        "created_at": endpoint.created_at,
        "disabled_at": endpoint.disabled_at,
        "disabled_reason": endpoint.disabled_reason,
        "previous_until": endpoint.previous_until,
    }


def _write_key(key: SigningKey) -> dict[str, str]:
    return {"public_key" if key.signing == "v1a" else "secret": key.shown}
