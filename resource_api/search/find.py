"""WHAT FITS: the index's answer, widened where few answer."""

from sqlalchemy.orm import Session

from resource_api.search.index import SearchIndex
from resource_api.search.query import SearchPage, SearchQuery

# With fewer answers than a short page holds, what helps beside the need asked for is better than nothing more.
FEW = 5


def find_services(session: Session, index: SearchIndex, query: SearchQuery) -> SearchPage:
    """Find the services that answer a query; where few do, those too that help with what is asked beside it."""
    page = index.find(session, query)
    if page.total >= FEW:
        return page
    widened = query.widened()
    return page if widened is None else index.find(session, widened)
