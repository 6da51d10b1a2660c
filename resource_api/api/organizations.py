"""GET|POST /organizations, GET|PUT|PATCH|DELETE /organizations/{id} : who offers services, and what is one in full?

The POST is HSDS's query twin of the GET: it never writes.
https://docs.openreferral.org/en/latest/hsds/api_reference.html
"""

from typing import Any

from flask import Response
from flask.views import MethodView

from resource_api.api.blueprint import Blueprint
from resource_api.api.editing import (
    answer_delete,
    answer_patch,
    answer_put,
    delete_documented,
    patch_documented,
    put_documented,
)
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
class Organization(MethodView):
    """One organization."""

    @blueprint.doc(operationId="getOrganizationById", tags=["optional"])
    @blueprint.arguments(OneOrganizationArgs)
    @blueprint.response(200, OrganizationSchema)
    def get(self, args: dict[str, Any], id: str) -> Response:
        """Show one organization, fully nested."""
        return answer_record("organization", id, full_service=args["full_service"])

    @blueprint.doc(**put_documented("Organization", OrganizationSchema))
    def put(self, id: str) -> Response:
        """Make or replace one organization; its stewards only."""
        return answer_put("organization", id, OrganizationSchema)

    @blueprint.doc(**patch_documented("Organization", OrganizationSchema))
    def patch(self, id: str) -> Response:
        """Change some of one organization; its stewards only."""
        return answer_patch("organization", id)

    @blueprint.doc(**delete_documented("Organization"))
    def delete(self, id: str) -> Response:
        """Delete one organization; its stewards only."""
        return answer_delete("organization", id)
