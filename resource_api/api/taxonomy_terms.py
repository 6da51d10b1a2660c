"""GET|POST /taxonomy_terms, GET|PUT|PATCH|DELETE /taxonomy_terms/{id} : which terms are services classified by?

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
from resource_api.api.schemas.page import TaxonomyTermArgs, TaxonomyTermPageSchema
from resource_api.api.schemas.record import TaxonomyTermSchema

blueprint = Blueprint("taxonomy_terms", __name__)


@blueprint.route("/taxonomy_terms")
class TaxonomyTerms(MethodView):
    """The list of taxonomy_terms."""

    @blueprint.doc(
        operationId="getPaginatedListOfTaxonomyTerms", tags=["optional"], responses=listed(TaxonomyTermPageSchema)
    )
    @blueprint.arguments(TaxonomyTermArgs)
    @blueprint.response(200, TaxonomyTermPageSchema)
    def get(self, args: dict[str, Any]) -> Response:
        """List taxonomy_terms, a page at a time."""
        return answer_list("taxonomy_term", args)

    @blueprint.doc(
        operationId="queryPaginatedListOfTaxonomyTerms", tags=["optional"], responses=listed(TaxonomyTermPageSchema)
    )
    @blueprint.arguments(TaxonomyTermArgs)
    @blueprint.response(200, TaxonomyTermPageSchema)
    def post(self, args: dict[str, Any]) -> Response:
        """List taxonomy_terms, a page at a time; the same as the GET."""
        return answer_list("taxonomy_term", args)


@blueprint.route("/taxonomy_terms/<id>")
class TaxonomyTerm(MethodView):
    """One taxonomy_term."""

    @blueprint.doc(operationId="getTaxonomyTermById", tags=["optional"])
    @blueprint.response(200, TaxonomyTermSchema)
    def get(self, id: str) -> Response:
        """Show one taxonomy_term, fully nested."""
        return answer_record("taxonomy_term", id)

    @blueprint.doc(**put_documented("TaxonomyTerm", TaxonomyTermSchema))
    def put(self, id: str) -> Response:
        """Make or replace one taxonomy_term; its stewards only."""
        return answer_put("taxonomy_term", id, TaxonomyTermSchema)

    @blueprint.doc(**patch_documented("TaxonomyTerm", TaxonomyTermSchema))
    def patch(self, id: str) -> Response:
        """Change some of one taxonomy_term; its stewards only."""
        return answer_patch("taxonomy_term", id)

    @blueprint.doc(**delete_documented("TaxonomyTerm"))
    def delete(self, id: str) -> Response:
        """Delete one taxonomy_term; its stewards only."""
        return answer_delete("taxonomy_term", id)
