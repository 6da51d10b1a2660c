"""GET|POST /services, GET|PUT|PATCH|DELETE /services/{id} : which services are there, and what is one in full?

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
from resource_api.api.schemas.page import ServiceArgs, ServicePageSchema
from resource_api.api.schemas.service import ServiceSchema

blueprint = Blueprint("services", __name__)


@blueprint.route("/services")
class Services(MethodView):
    """The list of services."""

    @blueprint.doc(operationId="getPaginatedListOfServices", tags=["required"], responses=listed(ServicePageSchema))
    @blueprint.arguments(ServiceArgs)
    @blueprint.response(200, ServicePageSchema)
    def get(self, args: dict[str, Any]) -> Response:
        """List services, a page at a time."""
        return answer_list("service", args)

    @blueprint.doc(operationId="queryPaginatedListOfServices", tags=["optional"], responses=listed(ServicePageSchema))
    @blueprint.arguments(ServiceArgs)
    @blueprint.response(200, ServicePageSchema)
    def post(self, args: dict[str, Any]) -> Response:
        """List services, a page at a time; the same as the GET."""
        return answer_list("service", args)


@blueprint.route("/services/<id>")
class Service(MethodView):
    """One service."""

    @blueprint.doc(operationId="getFullyNestedServiceById", tags=["required"])
    @blueprint.response(200, ServiceSchema)
    def get(self, id: str) -> Response:
        """Show one service, fully nested."""
        return answer_record("service", id)

    @blueprint.doc(**put_documented("Service", ServiceSchema))
    def put(self, id: str) -> Response:
        """Make or replace one service; its stewards only."""
        return answer_put("service", id, ServiceSchema)

    @blueprint.doc(**patch_documented("Service", ServiceSchema))
    def patch(self, id: str) -> Response:
        """Change some of one service; its stewards only."""
        return answer_patch("service", id)

    @blueprint.doc(**delete_documented("Service"))
    def delete(self, id: str) -> Response:
        """Delete one service; its stewards only."""
        return answer_delete("service", id)
