"""WHERE THE EMBEDDED INDEX IS KEPT: a narrow row per service for filters and ranking, and the texts beside it.

The full-text table itself (SQLite's FTS5, or one with PostgreSQL's GIN) is made by a migration, since SQLAlchemy has no
word for it.
"""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from resource_api.database import COUNT, Base


class SearchRow(Base):
    """What is filtered and ranked by, in one narrow row: hundreds of these are read for one search.

    `x`, `y`, `z` are the unit vector of the first site; `sites` the JSON of every site where there is more than one.
    `needs` reads `,^baby:9t,^diapers:9t,diapers:9t,`: slugs with their confidence and the initial of their certainty,
    and behind a `^` those it answers itself or by a child.
    """

    __tablename__ = "search_row"

    id: Mapped[int] = mapped_column(COUNT, primary_key=True)
    service_id: Mapped[str] = mapped_column(unique=True)
    x: Mapped[float | None]
    y: Mapped[float | None]
    z: Mapped[float | None]
    needs: Mapped[str]
    focus: Mapped[float]
    assured_day: Mapped[int | None]
    capacity: Mapped[str | None]
    areas: Mapped[str]
    remote: Mapped[bool]
    title: Mapped[str]
    accepts: Mapped[str | None]
    free: Mapped[bool | None]
    minimum_age: Mapped[float | None]
    maximum_age: Mapped[float | None]
    life_stages: Mapped[str]
    languages: Mapped[str]
    updated_at: Mapped[float]
    organization_id: Mapped[str]
    city: Mapped[str | None]
    name_key: Mapped[str] = mapped_column(index=True)
    labels: Mapped[str]
    accessible: Mapped[str]
    site: Mapped[str | None]
    hours: Mapped[str | None]
    shapes: Mapped[str | None]
    sites: Mapped[str | None]


class SearchText(Base):
    """The token texts of a service: the content that the full-text table indexes."""

    __tablename__ = "search_text"

    id: Mapped[int] = mapped_column(COUNT, primary_key=True)
    title: Mapped[str]
    labels: Mapped[str]
    body: Mapped[str]
    tags: Mapped[str]


class SearchNumber(Base):
    """The last number that was given to a row; none is ever given again."""

    __tablename__ = "search_number"

    id: Mapped[int] = mapped_column(primary_key=True)
    last: Mapped[int] = mapped_column(COUNT)


class SearchGone(Base):
    """A number whose row is gone: whoever has kept it learns so here."""

    __tablename__ = "search_gone"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(COUNT, primary_key=True)
    number: Mapped[int] = mapped_column(COUNT)


class SearchWord(Base):
    """A word that some service says, unstemmed: what misspelt words are repaired to."""

    __tablename__ = "search_word"

    word: Mapped[str] = mapped_column(primary_key=True)


class MirrorChange(Base):
    """A service that changed, which Elasticsearch has not been told yet."""

    __tablename__ = "mirror_change"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(COUNT, primary_key=True)
    service_id: Mapped[str]


class MirrorFault(Base):
    """A service that Elasticsearch would not take, in which version, and why; it is tried again when it changes."""

    __tablename__ = "mirror_fault"

    service_id: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int]
    reason: Mapped[str]
    at: Mapped[datetime]


class MirrorBuild(Base):
    """How far the index that is being built has come; there is at most one."""

    __tablename__ = "mirror_build"

    index_name: Mapped[str] = mapped_column(primary_key=True)
    last_service: Mapped[str]
    done: Mapped[int]
    started_at: Mapped[datetime]


class Town(Base):
    """A town that a caller may name: of the gazetteer, or of a loaded address (population 0)."""

    __tablename__ = "town"

    id: Mapped[int] = mapped_column(primary_key=True)
    folded: Mapped[str] = mapped_column(index=True)
    name: Mapped[str]
    state: Mapped[str]
    latitude: Mapped[float]
    longitude: Mapped[float]
    population: Mapped[int]


# PostgreSQL keeps which tokens a row has, not where they stand, so that its index of them never has to look into a row
# again. Where they stand is read from `search_text`, of the few rows for which that is asked.
FULL_TEXT = {
    "sqlite": (
        "CREATE VIRTUAL TABLE search_fts USING fts5(title, labels, body, tags, content='search_text', "
        "content_rowid='id', tokenize='unicode61 remove_diacritics 0', detail='full')",
        "INSERT INTO search_fts(search_fts, rank) VALUES('rank', 'bm25(8.0, 4.0, 1.0, 0.0)')",
    ),
    "postgresql": (
        "CREATE TABLE search_fts (id bigint PRIMARY KEY, tokens tsvector NOT NULL)",
        "CREATE INDEX ix_search_fts_tokens ON search_fts USING gin (tokens)",
    ),
}
