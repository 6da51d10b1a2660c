"""GET|POST /service_at_locations, GET|PUT|PATCH|DELETE /service_at_locations/{id} : which services are offered where?

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
from resource_api.api.schemas.page import ServiceAtLocationArgs, ServiceAtLocationPageSchema
from resource_api.api.schemas.service import ServiceAtLocationSchema

blueprint = Blueprint("service_at_locations", __name__)


@blueprint.route("/service_at_locations")
class ServiceAtLocations(MethodView):
    """The list of service_at_locations."""

    @blueprint.doc(
        operationId="getPaginatedListOfServiceAtLocation",
        tags=["optional"],
        responses=listed(ServiceAtLocationPageSchema),
    )
    @blueprint.arguments(ServiceAtLocationArgs)
    @blueprint.response(200, ServiceAtLocationPageSchema)
    def get(self, args: dict[str, Any]) -> Response:
        """List service_at_locations, a page at a time."""
        return answer_list("service_at_location", args)

    @blueprint.doc(
        operationId="queryPaginatedListOfServiceAtLocation",
        tags=["optional"],
        responses=listed(ServiceAtLocationPageSchema),
    )
    @blueprint.arguments(ServiceAtLocationArgs)
    @blueprint.response(200, ServiceAtLocationPageSchema)
    def post(self, args: dict[str, Any]) -> Response:
        """List service_at_locations, a page at a time; the same as the GET."""
        return answer_list("service_at_location", args)


@blueprint.route("/service_at_locations/<id>")
class ServiceAtLocation(MethodView):
    """One service_at_location."""

    @blueprint.doc(operationId="getServiceAtLocationWithNestedDataById", tags=["optional"])
    @blueprint.response(200, ServiceAtLocationSchema)
    def get(self, id: str) -> Response:
        """Show one service_at_location, fully nested."""
        return answer_record("service_at_location", id)

    @blueprint.doc(**put_documented("ServiceAtLocation", ServiceAtLocationSchema))
    def put(self, id: str) -> Response:
        """Make or replace one service_at_location; its stewards only."""
        return answer_put("service_at_location", id, ServiceAtLocationSchema)

    @blueprint.doc(**patch_documented("ServiceAtLocation", ServiceAtLocationSchema))
    def patch(self, id: str) -> Response:
        """Change some of one service_at_location; its stewards only."""
        return answer_patch("service_at_location", id)

    @blueprint.doc(**delete_documented("ServiceAtLocation"))
    def delete(self, id: str) -> Response:
        """Delete one service_at_location; its stewards only."""
        return answer_delete("service_at_location", id)
