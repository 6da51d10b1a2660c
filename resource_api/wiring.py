"""WHAT IS CONNECTED TO WHAT: the database with the search index that follows it, shared by every door."""

from sqlalchemy import event
from sqlalchemy.orm import Session

from resource_api.database import Database
from resource_api.search.follow import follow
from resource_api.search.index import SearchIndex


def attach_index(database: Database) -> SearchIndex:
    """Make the index that a database embeds follow the directory inside each writer's transaction."""
    index = make_index(database)

    def follow_before_commit(session: Session) -> None:
        session.flush()
        follow(session, index)

    event.listen(database.writers, "before_commit", follow_before_commit)
    return index


def make_index(database: Database) -> SearchIndex:
    """Make the index that a database embeds."""
    if database.engine.dialect.name == "postgresql":
        from resource_api.search.postgres_index import PostgresIndex

        return PostgresIndex()
    from resource_api.search.sqlite_index import SQLiteIndex

    return SQLiteIndex()
