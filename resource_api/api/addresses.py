"""/referral-addresses : where an organization without a system takes referrals, once the holder has confirmed it."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from flask import Response
from flask.views import MethodView
from sqlalchemy.orm import Session

from resource_api.access.policy import Grants
from resource_api.api.blueprint import Blueprint
from resource_api.api.context import keyring, session, settings, writing
from resource_api.api.described import granted
from resource_api.api.private import answer_private
from resource_api.api.refusals import refusals
from resource_api.api.schemas.delivery import (
    AddressBody,
    ConfirmationSchema,
    ReferralAddressesSchema,
    ReferralAddressSchema,
)

if TYPE_CHECKING:
    from resource_api.delivery.tables import ReferralAddress

# Letters to people who may not have asked for them: so many of an organization in a day.
ASKED_A_DAY = 20
_DAY_S = 86_400

blueprint = Blueprint("addresses", __name__, public=False)


@blueprint.route("/referral-addresses")
class Addresses(MethodView):
    """The addresses of the caller's organization."""

    @granted("addresses.manage")
    @blueprint.doc(operationId="registerReferralAddress", tags=["delivery"], responses=refusals(401, 403, 409, 429))
    @blueprint.arguments(AddressBody, location="json")
    @blueprint.response(201, ReferralAddressSchema)
    def post(self, body: dict[str, Any], grants: Grants) -> Response:
        """Register an address; its holder is sent a link to confirm it."""
        from resource_api.access.rate import count
        from resource_api.delivery.address import register_address

        now = datetime.now(UTC)
        with writing() as writer:
            asked = f"address:{grants.organization_id}"
            count(writer, asked, limit=ASKED_A_DAY, window_s=_DAY_S, now=now)
            address = register_address(writer, keyring(), grants, now=now, **body)
            writer.commit()
        location = f"{settings().public_url}/referral-addresses"
        return answer_private(_write(address), 201, Location=location)

    @granted("addresses.manage")
    @blueprint.doc(operationId="listReferralAddresses", tags=["delivery"], responses=refusals(401, 403))
    @blueprint.response(200, ReferralAddressesSchema)
    def get(self, grants: Grants) -> Response:
        """List the addresses of the caller's organization."""
        from resource_api.delivery.address import list_addresses

        return answer_private({"addresses": [_write(one) for one in list_addresses(session(), grants)]})


@blueprint.route("/referral-addresses/<id>", methods=["DELETE"])
@granted("addresses.manage")
@blueprint.doc(operationId="removeReferralAddress", tags=["delivery"], responses=refusals(401, 403, 404))
@blueprint.response(204)
def remove_referral_address(id: str, grants: Grants) -> Response:
    """Remove an address; the links that it was sent end."""
    from resource_api.delivery.address import remove_address

    now = datetime.now(UTC)
    with writing() as writer:
        remove_address(writer, grants, id, now=now)
        writer.commit()
    return answer_private(status=204)


@blueprint.route("/referral-addresses/confirm/<token>")
class Confirmation(MethodView):
    """The link that the holder of an address was sent; reading it changes nothing, as mail scanners read every link."""

    @blueprint.doc(operationId="getAddressConfirmation", tags=["delivery"], responses=refusals(404))
    @blueprint.response(200, ConfirmationSchema)
    def get(self, token: str) -> Response:
        """Show what the holder of an address is asked to confirm."""
        from resource_api.delivery.address import read_confirmation

        return _answer(session(), read_confirmation(session(), keyring(), token, now=datetime.now(UTC)))

    @blueprint.doc(operationId="confirmReferralAddress", tags=["delivery"], responses=refusals(404))
    @blueprint.response(200, ConfirmationSchema)
    def post(self, token: str) -> Response:
        """Confirm an address."""
        from resource_api.delivery.address import confirm_address

        with writing() as writer:
            address = confirm_address(writer, keyring(), token, now=datetime.now(UTC))
            writer.commit()
            return _answer(writer, address)


def _answer(session: Session, address: "ReferralAddress") -> Response:
    from resource_api.access.tables import Participant

    name = session.get_one(Participant, address.participant_id).name
    return answer_private({"organization": name, "confirmed": address.confirmed_at is not None})


def _write(address: "ReferralAddress") -> dict[str, Any]:
    return {
        "id": address.id,
        "email": address.email,
        "language": address.language,
        "created_at": address.created_at,
        "confirmed_at": address.confirmed_at,
    }
