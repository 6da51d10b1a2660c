"""GET|POST /taxonomies, GET|PUT|PATCH|DELETE /taxonomies/{id} : which taxonomies are services classified by?

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
from resource_api.api.schemas.page import TaxonomyArgs, TaxonomyPageSchema
from resource_api.api.schemas.record import TaxonomySchema

blueprint = Blueprint("taxonomies", __name__)


@blueprint.route("/taxonomies")
class Taxonomies(MethodView):
    """The list of taxonomies."""

    @blueprint.doc(operationId="getPaginatedListOfTaxonomies", tags=["optional"], responses=listed(TaxonomyPageSchema))
    @blueprint.arguments(TaxonomyArgs)
    @blueprint.response(200, TaxonomyPageSchema)
    def get(self, args: dict[str, Any]) -> Response:
        """List taxonomies, a page at a time."""
        return answer_list("taxonomy", args)

    @blueprint.doc(
        operationId="queryPaginatedListOfTaxonomies", tags=["optional"], responses=listed(TaxonomyPageSchema)
    )
    @blueprint.arguments(TaxonomyArgs)
    @blueprint.response(200, TaxonomyPageSchema)
    def post(self, args: dict[str, Any]) -> Response:
        """List taxonomies, a page at a time; the same as the GET."""
        return answer_list("taxonomy", args)


@blueprint.route("/taxonomies/<id>")
class Taxonomy(MethodView):
    """One taxonomy."""

    @blueprint.doc(operationId="getTaxonomyById", tags=["optional"])
    @blueprint.response(200, TaxonomySchema)
    def get(self, id: str) -> Response:
        """Show one taxonomy, fully nested."""
        return answer_record("taxonomy", id)

    @blueprint.doc(**put_documented("Taxonomy", TaxonomySchema))
    def put(self, id: str) -> Response:
        """Make or replace one taxonomy; its stewards only."""
        return answer_put("taxonomy", id, TaxonomySchema)

    @blueprint.doc(**patch_documented("Taxonomy", TaxonomySchema))
    def patch(self, id: str) -> Response:
        """Change some of one taxonomy; its stewards only."""
        return answer_patch("taxonomy", id)

    @blueprint.doc(**delete_documented("Taxonomy"))
    def delete(self, id: str) -> Response:
        """Delete one taxonomy; its stewards only."""
        return answer_delete("taxonomy", id)
