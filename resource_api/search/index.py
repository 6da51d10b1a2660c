"""WHAT AN INDEX MUST DO: the one protocol of the house, because several real indexes exist.

An index says which services fit (ids, distance, score, facets); the stored documents say what they are. It is
disposable: everything in it can be made again from the documents.
"""

from collections.abc import Collection, Iterable
from typing import Protocol

from sqlalchemy.orm import Session

from resource_api.search.document import SearchDocument
from resource_api.search.query import SearchPage, SearchQuery


class SearchIndex(Protocol):
    """Stores search documents and answers search queries."""

    def put(self, session: Session, documents: Iterable[SearchDocument]) -> None:
        """Store documents, replacing those of the same service."""
        ...

    def remove(self, session: Session, service_ids: Collection[str]) -> None:
        """Forget services; unknown ids are passed over."""
        ...

    def find(self, session: Session, query: SearchQuery) -> SearchPage:
        """Answer a query."""
        ...

    def stored_services(self, session: Session) -> Iterable[tuple[str, float]]:
        """List the services stored, each with its document's time in Unix seconds."""
        ...

    def has_word(self, session: Session, forms: tuple[str, ...]) -> bool:
        """Tell whether any service says a word, by the tokens it may be stored under."""
        ...

    def is_degraded(self) -> bool:
        """Tell whether another has to answer in this index's place."""
        ...

    def spoken_words(self, session: Session) -> Collection[str]:
        """List the words, unstemmed, that services say: what a misspelt word may have been meant to be."""
        ...
