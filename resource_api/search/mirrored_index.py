"""THE DATABASE'S INDEX, MIRRORED: searches are answered by Elasticsearch, and by the database where that is away.

The database's index stays what it is, in the writer's transaction. What it is told is logged for the mirror in the same
transaction, so that a change is in both or in neither; who follows that log is `mirror.py`. No writer waits for it.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace

from sqlalchemy import insert
from sqlalchemy.orm import Session

from resource_api.database import Base
from resource_api.errors import IndexAway, IndexRefused
from resource_api.search.breaker import Breaker
from resource_api.search.document import SearchDocument
from resource_api.search.elasticsearch_index import ElasticsearchIndex
from resource_api.search.index import SearchIndex
from resource_api.search.query import SearchPage, SearchQuery
from resource_api.search.tables import MirrorChange

_CHANGES = Base.metadata.tables[MirrorChange.__tablename__]
# Being ready is told within two seconds, the database included.
READY_S = 0.5


def _tell_nobody(_error: Exception) -> None:
    return


class MirroredIndex:
    """The SearchIndex of a database whose documents Elasticsearch has too."""

    def __init__(
        self,
        embedded: SearchIndex,
        mirror: ElasticsearchIndex,
        *,
        breaker: Breaker | None = None,
        tell: Callable[[Exception], None] = _tell_nobody,
    ) -> None:
        self.embedded, self.mirror = embedded, mirror
        self.breaker = breaker or Breaker()
        self._tell = tell

    def put(self, session: Session, documents: Iterable[SearchDocument]) -> None:
        """Store documents, and log that the mirror is to have them."""
        rows = list(documents)
        self.embedded.put(session, rows)
        log_changes(session, [document.service_id for document in rows])

    def remove(self, session: Session, service_ids: Collection[str]) -> None:
        """Forget services, and log that the mirror is to forget them."""
        self.embedded.remove(session, service_ids)
        log_changes(session, service_ids)

    def find(self, session: Session, query: SearchQuery) -> SearchPage:
        """Answer a query from the mirror, else from the database; the page says which."""
        if self.breaker.let_through():
            try:
                page = self.mirror.find(session, query)
            except IndexAway as error:
                self.breaker.note_failure()
                self._tell(error)
            except IndexRefused as error:
                # It is there, and would refuse this again: no reason to leave it alone.
                self.breaker.note_answer()
                self._tell(error)
            except BaseException:
                self.breaker.note_failure()
                raise
            else:
                self.breaker.note_answer()
                return page
        return replace(self.embedded.find(session, query), degraded=True)

    def stored_services(self, session: Session) -> Iterable[tuple[str, float]]:
        """List the services that the database's index stores."""
        return self.embedded.stored_services(session)

    def has_word(self, session: Session, forms: tuple[str, ...]) -> bool:
        """Tell whether any service says a word, as the database knows."""
        return self.embedded.has_word(session, forms)

    def spoken_words(self, session: Session) -> Collection[str]:
        """List the words that services say, as the database knows."""
        return self.embedded.spoken_words(session)

    def is_degraded(self) -> bool:
        """Tell whether searches are answered by the database for now."""
        return self.breaker.is_open or not self.mirror.is_there(budget=READY_S)


def log_changes(session: Session, service_ids: Collection[str]) -> None:
    """Log that these services are to be sent to the mirror as they are."""
    if service_ids:
        session.execute(insert(_CHANGES), [{"service_id": service} for service in service_ids])
