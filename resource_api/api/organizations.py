"""GET|POST /organizations, GET /organizations/{id} : who offers services, and what is one in full?

The POST is HSDS's query twin of the GET: it never writes.
https://docs.openreferral.org/en/latest/hsds/api_reference.html
"""

from typing import Any

from flask import Response
from flask.views import MethodView

from resource_api.api.blueprint import Blueprint
from resource_api.api.paging import answer_list, answer_record, listed
from resource_api.api.schemas.organization import OrganizationSchema
from resource_api.api.schemas.page import OneOrganizationArgs, OrganizationArgs, OrganizationPageSchema

blueprint = Blueprint("organizations", __name__)


@blueprint.route("/organizations")
class Organizations(MethodView):
    """The list of organizations."""

    @blueprint.doc(
        operationId="getPaginatedListOfOrganizations", tags=["optional"], responses=listed(OrganizationPageSchema)
    )
    @blueprint.arguments(OrganizationArgs)
    @blueprint.response(200, OrganizationPageSchema)
    def get(self, args: dict[str, Any]) -> Response:
        """List organizations, a page at a time."""
        return answer_list("organization", args)

    @blueprint.doc(
        operationId="queryPaginatedListOfOrganizations", tags=["optional"], responses=listed(OrganizationPageSchema)
    )
    @blueprint.arguments(OrganizationArgs)
    @blueprint.response(200, OrganizationPageSchema)
    def post(self, args: dict[str, Any]) -> Response:
        """List organizations, a page at a time; the same as the GET."""
        return answer_list("organization", args)


@blueprint.route("/organizations/<id>")
@blueprint.doc(operationId="getOrganizationById", tags=["optional"])
@blueprint.arguments(OneOrganizationArgs)
@blueprint.response(200, OrganizationSchema)
def show_organization(args: dict[str, Any], id: str) -> Response:
    """Show one organization, fully nested."""
    return answer_record("organization", id, full_service=args["full_service"])
