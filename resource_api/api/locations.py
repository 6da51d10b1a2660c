"""GET /locations, GET|PUT|PATCH|DELETE /locations/{id} : where are services? Our profile adds them to HSDS.

Of a confidential location hardly anything is said here.
"""

from typing import Any

from flask import Response
from flask.views import MethodView

from resource_api.api.blueprint import Blueprint, json_bytes
from resource_api.api.context import session
from resource_api.api.editing import (
    answer_delete,
    answer_patch,
    answer_put,
    delete_documented,
    patch_documented,
    put_documented,
)
from resource_api.api.paging import answer_page
from resource_api.api.schemas.location import LocationSchema
from resource_api.api.schemas.page import DEFAULT_PER_PAGE, LocationArgs, LocationPageSchema

blueprint = Blueprint("locations", __name__)


@blueprint.route("/locations")
class Locations(MethodView):
    """The list of locations."""

    @blueprint.doc(operationId="getPaginatedListOfLocations", tags=["profile"])
    @blueprint.arguments(LocationArgs)
    @blueprint.response(200, LocationPageSchema)
    def get(self, args: dict[str, Any]) -> Response:
        """List locations, a page at a time."""
        from resource_api.directory.find_locations import LocationQuery, count_locations, page_of_locations

        query = LocationQuery(args.get("organization_id"), full=args["full"])
        number, size = args.get("page", 1), args.get("per_page", DEFAULT_PER_PAGE)
        contents = page_of_locations(session(), query, offset=(number - 1) * size, limit=size)
        return answer_page(contents, number, size, count_locations(session(), query))


@blueprint.route("/locations/<id>")
class Location(MethodView):
    """One location."""

    @blueprint.doc(operationId="getLocationById", tags=["profile"])
    @blueprint.response(200, LocationSchema)
    def get(self, id: str) -> Response:
        """Show one location, fully nested."""
        from resource_api.directory.find_locations import get_location

        found = get_location(session(), id)
        return json_bytes(found.json, etag=found.etag)

    @blueprint.doc(**put_documented("Location", LocationSchema))
    def put(self, id: str) -> Response:
        """Make or replace one location; its stewards only."""
        return answer_put("location", id, LocationSchema)

    @blueprint.doc(**patch_documented("Location", LocationSchema))
    def patch(self, id: str) -> Response:
        """Change some of one location; its stewards only."""
        return answer_patch("location", id)

    @blueprint.doc(**delete_documented("Location"))
    def delete(self, id: str) -> Response:
        """Delete one location; its stewards only."""
        return answer_delete("location", id)
