"""WHAT IS CONNECTED TO WHAT: the database with the search index that follows it, shared by every door."""

from typing import TYPE_CHECKING

from sqlalchemy import event
from sqlalchemy.orm import Session

from resource_api.database import Database
from resource_api.search.follow import follow
from resource_api.search.index import SearchIndex
from resource_api.settings import Settings

if TYPE_CHECKING:
    from resource_api.indexer import Indexer
    from resource_api.search.embedded_index import EmbeddedIndex


def attach_index(database: Database, settings: Settings | None = None) -> SearchIndex:
    """Make the index follow the directory inside each writer's transaction; mirrored where the settings say so."""
    embedded = make_index(database)
    index: SearchIndex = embedded
    if settings is not None and settings.elasticsearch_urls:
        index = _mirror(embedded, settings)

    def follow_before_commit(session: Session) -> None:
        session.flush()
        follow(session, index)

    event.listen(database.writers, "before_commit", follow_before_commit)
    return index


def make_index(database: Database) -> "EmbeddedIndex":
    """Make the index that a database embeds."""
    if database.engine.dialect.name == "postgresql":
        from resource_api.search.postgres_index import PostgresIndex

        return PostgresIndex()
    from resource_api.search.sqlite_index import SQLiteIndex

    return SQLiteIndex()


def make_indexer(database: Database, settings: Settings) -> "Indexer | None":
    """Make who keeps Elasticsearch in step, where the settings name one."""
    if not settings.elasticsearch_urls:
        return None
    from resource_api.indexer import Indexer

    return Indexer.of(database, settings)


def _mirror(embedded: "EmbeddedIndex", settings: Settings) -> SearchIndex:
    from resource_api.logs import log_warning
    from resource_api.search.elasticsearch_index import Access, Cluster, ElasticsearchIndex
    from resource_api.search.mirrored_index import MirroredIndex

    def tell(error: Exception) -> None:
        # What the client says may hold what was asked for.
        log_warning("search_degraded", level=settings.log_level, error=type(error).__name__)

    return MirroredIndex(embedded, ElasticsearchIndex(Cluster(Access.of(settings)), embedded.explain), tell=tell)
