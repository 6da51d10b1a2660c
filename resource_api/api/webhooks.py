"""/webhooks : which URLs are told of what happens, how it is signed, and whether they answer."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from flask import Response
from flask.views import MethodView

from resource_api.access.policy import Grants
from resource_api.api.blueprint import Blueprint
from resource_api.api.context import egress, keyring, session, settings, writing
from resource_api.api.described import granted
from resource_api.api.private import answer_private
from resource_api.api.refusals import refusals
from resource_api.api.schemas.delivery import (
    NewWebhookSchema,
    QueuedSchema,
    WebhookBody,
    WebhookSchema,
    WebhooksSchema,
)
from resource_api.errors import BadInput, Refused

if TYPE_CHECKING:
    from resource_api.delivery.sign import SigningKey
    from resource_api.delivery.tables import Endpoint

blueprint = Blueprint("webhooks", __name__, public=False)


@blueprint.route("/webhooks")
class Webhooks(MethodView):
    """The webhooks of the client that asks."""

    @granted("webhooks.manage")
    @blueprint.doc(operationId="registerWebhook", tags=["delivery"], responses=refusals(401, 403, 409))
    @blueprint.arguments(WebhookBody, location="json")
    @blueprint.response(201, NewWebhookSchema)
    def post(self, body: dict[str, Any], grants: Grants) -> Response:
        """Register a webhook; its secret is shown this once."""
        from resource_api.delivery import endpoint as endpoints

        now = datetime.now(UTC)
        try:
            egress().check_url(body["url"])
        except Refused as error:
            raise BadInput(error.message, field="url", hint=error.hint or "a public https URL") from error
        with writing() as writer:
            made, key = endpoints.register_endpoint(writer, keyring(), grants, now=now, **body)
            writer.commit()
        location = f"{settings().public_url}/webhooks/{made.id}"
        return answer_private(_write(made) | _write_key(key), 201, Location=location)

    @granted("webhooks.manage")
    @blueprint.doc(operationId="listWebhooks", tags=["delivery"], responses=refusals(401, 403))
    @blueprint.response(200, WebhooksSchema)
    def get(self, grants: Grants) -> Response:
        """List this client's webhooks."""
        from resource_api.delivery import endpoint as endpoints

        return answer_private({"webhooks": [_write(one) for one in endpoints.list_endpoints(session(), grants)]})


@blueprint.route("/webhooks/<id>")
class OneWebhook(MethodView):
    """One webhook."""

    @granted("webhooks.manage")
    @blueprint.doc(operationId="getWebhook", tags=["delivery"], responses=refusals(401, 403, 404))
    @blueprint.response(200, WebhookSchema)
    def get(self, id: str, grants: Grants) -> Response:
        """Show a webhook."""
        from resource_api.delivery import endpoint as endpoints

        return answer_private(_write(endpoints.get_endpoint(session(), grants, id)))

    @granted("webhooks.manage")
    @blueprint.doc(operationId="removeWebhook", tags=["delivery"], responses=refusals(401, 403, 404))
    @blueprint.response(204)
    def delete(self, id: str, grants: Grants) -> Response:
        """Remove a webhook; what is queued for it is cancelled."""
        from resource_api.delivery import endpoint as endpoints

        now = datetime.now(UTC)
        with writing() as writer:
            endpoints.remove_endpoint(writer, grants, id, now=now)
            writer.commit()
        return answer_private(status=204)


@blueprint.route("/webhooks/<id>/test", methods=["POST"])
@granted("webhooks.manage")
@blueprint.doc(operationId="testWebhook", tags=["delivery"], responses=refusals(401, 403, 404, 409))
@blueprint.response(202, QueuedSchema)
def test_webhook(id: str, grants: Grants) -> Response:
    """Send a webhook a signed test call, of the type `endpoint.test`."""
    from resource_api.delivery import endpoint as endpoints

    now = datetime.now(UTC)
    with writing() as writer:
        delivery_id = endpoints.call_test(writer, grants, id, now=now)
        writer.commit()
    return answer_private({"delivery_id": delivery_id}, 202)


@blueprint.route("/webhooks/<id>/rotate", methods=["POST"])
@granted("webhooks.manage")
@blueprint.doc(operationId="rotateWebhookKey", tags=["delivery"], responses=refusals(401, 403, 404))
@blueprint.response(200, NewWebhookSchema)
def rotate_webhook(id: str, grants: Grants) -> Response:
    """Give a webhook a new key; for a day the one before signs too."""
    from resource_api.delivery import endpoint as endpoints

    now = datetime.now(UTC)
    with writing() as writer:
        endpoint, key = endpoints.rotate_key(writer, keyring(), grants, id, now=now)
        writer.commit()
    return answer_private(_write(endpoint) | _write_key(key))


@blueprint.route("/webhooks/<id>/enable", methods=["POST"])
@granted("webhooks.manage")
@blueprint.doc(operationId="enableWebhook", tags=["delivery"], responses=refusals(401, 403, 404))
@blueprint.response(200, WebhookSchema)
def enable_webhook(id: str, grants: Grants) -> Response:
    """Take up a webhook again that was disabled; what was parked is sent, in its order."""
    from resource_api.delivery import endpoint as endpoints

    now = datetime.now(UTC)
    with writing() as writer:
        endpoint = endpoints.enable_endpoint(writer, grants, id, now=now)
        writer.commit()
    return answer_private(_write(endpoint))


def _write(endpoint: "Endpoint") -> dict[str, Any]:
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


def _write_key(key: "SigningKey") -> dict[str, str]:
    return {"public_key" if key.signing == "v1a" else "secret": key.shown}
